"""How the program refuses: one exception family, a stable code and a sentence for people."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class Refusal(Exception):
    """A request that is refused and changes nothing.

    `code` is dotted and stable, for programs; `message` is Chinese, for residents; `errors` names what
    is wrong field by field. `refusal_rows` are rows that must be kept although the request is rolled
    back (failed log-ins, denials): the request's wrapper writes them in a second transaction.
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
    """The content makes no sense."""

    status = 422


class Unauthenticated(Refusal):
    """Nobody knows who asks."""

    status = 401


class Forbidden(Refusal):
    """Known and visible, but not allowed."""

    status = 403


class NotFound(Refusal):
    """Missing, or not the asker's to see."""

    status = 404


class Conflict(Refusal):
    """The state does not admit it."""

    status = 409


class Stale(Refusal):
    """The object has changed since it was read."""

    status = 412


class PreconditionRequired(Refusal):
    """A change of a whole object must name the version it was read at."""

    status = 428


class KeyRequired(Refusal):
    """A write that must be repeatable came without its key."""

    status = 400


class TooMany(Refusal):
    """More often than the limit."""

    status = 429


class Unavailable(Refusal):
    """Something outside does not answer."""

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
    """The one answer for what is missing and for what is foreign."""
    return NotFound("not_found", "没有找到，可能已被删除，或您无权查看。")
