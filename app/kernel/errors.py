"""The errors by which the program refuses a request; each has a stable code and a Chinese sentence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class Refusal(Exception):
    """The base of all refusals; raising one rolls back the request and is answered with its `status`.

    `code` ("order.already_claimed") is for programs and never changes. `message` is a Chinese sentence
    that a resident understands. `errors` has a list of Chinese sentences for each field that is wrong.
    `retry_after` is in seconds. `refusal_rows` are rows that must be stored although the request is
    rolled back, for example a failed log-in; kernel/http.py inserts them in a second transaction.
    """

    status = 400

    def __init__(
        self,
        code: str,
        message: str,
        *,
        errors: Mapping[str, list[str]] | None = None,
        retry_after: int | None = None,
        refusal_rows: Sequence[Any] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.errors = errors
        self.retry_after = retry_after
        self.refusal_rows = tuple(refusal_rows)


class Invalid(Refusal):
    """The content of the request is wrong (422)."""

    status = 422


class Unauthenticated(Refusal):
    """The request has no valid log-in (401)."""

    status = 401


class Forbidden(Refusal):
    """The actor may see the object and may not do this to it (403)."""

    status = 403


class NotFound(Refusal):
    """The object does not exist, or the actor may not see it (404)."""

    status = 404


class Conflict(Refusal):
    """The present state of the object does not allow this (409)."""

    status = 409


class Stale(Refusal):
    """The object was changed after the client read it (412)."""

    status = 412


class PreconditionRequired(Refusal):
    """A PUT must name in If-Match the version that the client has read, and does not (428)."""

    status = 428


class KeyRequired(Refusal):
    """A POST that needs the header Idempotency-Key came without it, or with an empty one (400)."""

    status = 400


class TooMany(Refusal):
    """The actor has done this more often than the limit allows (429)."""

    status = 429


class Unavailable(Refusal):
    """Another system that the program needs, or the database, does not answer (503)."""

    status = 503


@contextmanager
def instead_of_not_found(refusal: Refusal) -> Iterator[None]:
    """Raises this refusal in place of a NotFound that the block raises.

    For a number inside a request's body: what it names is missing, not the address of the request.
    """
    try:
        yield
    except NotFound as missing:
        raise refusal from missing


def not_found() -> NotFound:
    """The NotFound `not_found` to raise for an object that is missing or that the actor may not see.

    Both cases get the same answer, so nobody learns which objects exist.
    """
    return NotFound("not_found", "没有找到，可能已被删除，或您无权查看。")
