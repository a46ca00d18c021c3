"""Repeatable writes: with the header Idempotency-Key a POST is done once, however often it is sent."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from types import ModuleType
from typing import Any

from flask import request
from sqlalchemy import (
    BigInteger,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.actor import Actor, current_actor
from app.kernel.clock import now
from app.kernel.database import Id, Model, UTCDateTime, is_sqlite, session
from app.kernel.database.fast.rows import fetch, table_of
from app.kernel.errors import Conflict, Invalid, KeyRequired

KEPT = timedelta(hours=24)
LONGEST_KEY = 200

Loader = Callable[[Actor, int], Any]
Finder = Callable[[Actor, int], object]
View = Callable[..., Any]


class IdempotencyKey(Model):
    """A key that a person has used: a hash of the request, and the id of the object that it made.

    The body of the request is not stored. A key is kept for 24 hours.
    """

    __tablename__ = "idempotency_keys"

    id: Mapped[Id]
    person_id: Mapped[int]
    key_hash: Mapped[str]
    fingerprint: Mapped[str]
    object_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]

    __table_args__ = (
        # Rows are found by this pair, and of two requests with one key only one can insert it.
        UniqueConstraint("person_id", "key_hash"),
    )


@dataclass(frozen=True, slots=True)
class _Attempt:
    person_id: int
    key_hash: str
    fingerprint: str


def repeatable(
    load: Loader, *, find: Finder | None = None, required: bool = False
) -> Callable[[View], View]:
    """Decorates a POST view that a client may repeat with the same Idempotency-Key.

    A repetition does not run the view: it answers `load(actor, object_id)`, which must raise NotFound
    when the actor may no longer see the object. When the path of the view has one id, that object is
    looked up first, by `find` or else by `load`, so that one that the actor may not see is a 404 in a
    repetition too.
    A request without a key runs the view; when `required` is set, it is refused with KeyRequired
    `idempotency.key_required`, and so is an empty key always. Only a success is kept: a refusal rolls
    back the row of the key with all else.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            key = request.headers.get("Idempotency-Key")
            if not key:
                # An empty key would be the same for every request, so it is refused.
                if required or key is not None:
                    raise KeyRequired(
                        "idempotency.key_required", "请求缺少防重复编号，请更新后重试。"
                    )
                return view(*args, **kwargs)
            actor = current_actor()
            if len(kwargs) == 1:
                (find or load)(actor, next(iter(kwargs.values())))
            attempt = _attempt(actor, key, args)
            done = _replay(attempt)
            if done is not None:
                return load(actor, done)
            result = view(*args, **kwargs)
            _remember(attempt, result.id)
            return result

        wrapped.repeatable = "required" if required else "optional"  # type: ignore[attr-defined]  # read by the documentation
        return wrapped

    return decorate


def _attempt(actor: Actor, key: str, args: tuple[Any, ...]) -> _Attempt:
    if len(key) > LONGEST_KEY:
        raise Invalid("idempotency.key_too_long", "防重复编号太长。")
    body = json.dumps(args, sort_keys=True, default=str)
    text = f"{request.method} {request.path}\n{body}"
    return _Attempt(
        actor.own_id,
        hashlib.sha256(key.encode()).hexdigest(),
        hashlib.sha256(text.encode()).hexdigest(),
    )


def _replay(attempt: _Attempt) -> int | None:
    """The id of the object that an earlier request with this key has made, or None.

    Raises Conflict `idempotency.in_progress` while another request with the key is running, and Invalid
    `idempotency.key_reused` when the key was used with other content. A repetition writes `seen_at`: if
    it only read, it could confirm a row of a replicated database that no standby has yet.
    """
    known = {"person_id": attempt.person_id, "key_hash": attempt.key_hash, "after": now() - KEPT}
    if is_sqlite():
        # A transaction that writes is already the only one.
        (row,) = fetch(_EARLIER, known)
    else:
        (row,) = fetch(_EARLIER_IN_LINE, {**known, "line": _line_of(attempt)})
        if not row.first:
            raise _in_progress()
    if row.fingerprint is None:
        return None
    if row.fingerprint != attempt.fingerprint:
        raise Invalid("idempotency.key_reused", "同一个防重复编号用在了不同的内容上，请重新提交。")
    session.execute(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.person_id == attempt.person_id,
            IdempotencyKey.key_hash == attempt.key_hash,
        )
        .values(seen_at=now())
    )
    return int(row.object_id)


_KEYS = table_of(IdempotencyKey)
_EARLIER = (
    select(_KEYS.c.fingerprint, _KEYS.c.object_id)
    .select_from(select(literal(1).label("one")).subquery())
    .outerjoin(
        _KEYS,
        and_(
            _KEYS.c.person_id == bindparam("person_id"),
            _KEYS.c.key_hash == bindparam("key_hash"),
            _KEYS.c.created_at > bindparam("after"),
        ),
    )
)
# A lock that ends with the transaction; while another request holds it, that request is still running.
_EARLIER_IN_LINE = _EARLIER.add_columns(
    func.pg_try_advisory_xact_lock(bindparam("line", type_=BigInteger)).label("first")
)


def _line_of(attempt: _Attempt) -> int:
    digest = hashlib.sha256(f"{attempt.person_id}:{attempt.key_hash}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _in_progress() -> Conflict:
    return Conflict("idempotency.in_progress", "上一次提交还在处理，请稍等。", retry_after=1)


def _remember(attempt: _Attempt, object_id: int) -> None:
    at = now()
    values = {
        "person_id": attempt.person_id,
        "key_hash": attempt.key_hash,
        "fingerprint": attempt.fingerprint,
        "object_id": object_id,
        "created_at": at,
        "seen_at": at,
    }
    statement = _KEEP_ON_SQLITE if is_sqlite() else _KEEP
    if not fetch(statement, {**values, "past": at - KEPT}):
        # Another request with the key has ended between our read and our lock.
        raise _in_progress()


def _keep(dialect: ModuleType) -> Any:
    """The statement that inserts a key or replaces one that is older than a day; else it answers no row."""
    new = dialect.insert(_KEYS)
    fresh = ("fingerprint", "object_id", "created_at", "seen_at")
    return new.on_conflict_do_update(
        index_elements=["person_id", "key_hash"],
        set_={name: new.excluded[name] for name in fresh},
        where=_KEYS.c.created_at <= bindparam("past", type_=UTCDateTime),
    ).returning(_KEYS.c.id)


_KEEP, _KEEP_ON_SQLITE = _keep(postgresql), _keep(sqlite)


def forget_old_keys() -> int:
    """Deletes keys that are older than 24 hours; answers how many were deleted."""
    result = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT))
    return int(getattr(result, "rowcount", 0))
