"""Repeatable writes: a key, kept for a day, under which a POST is done once (IETF Idempotency-Key)."""

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
    """What was done under a person's key: status and object, never a body."""

    __tablename__ = "idempotency_keys"

    id: Mapped[Id]
    person_id: Mapped[int]
    key_hash: Mapped[str]
    fingerprint: Mapped[str]
    object_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]

    __table_args__ = (
        # Found by this pair alone; it is also what makes two rivals one.
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
    """Lets a POST be repeated under its Idempotency-Key.

    `load(actor, object_id)` answers the object under today's permissions or raises 404; where the
    path holds one id, that object is asked for first (`find` where that is cheaper than `load`), so
    that a foreign one is a 404 even in a replay.
    Without a key the view simply runs, or with `required` is refused (400 `idempotency.key_required`).
    Only what succeeds is kept: a refusal rolls the row back with everything else.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            key = request.headers.get("Idempotency-Key")
            if not key:
                # An empty key protects nobody, whatever its sender believes.
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
    """The object of an earlier success, or None; a rival still at work is a 409.

    The replay writes: on a replicated database a replay that only reads could confirm a row that no
    standby has.
    """
    known = {"person_id": attempt.person_id, "key_hash": attempt.key_hash, "after": now() - KEPT}
    if is_sqlite():
        # The only writer is us already.
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
# A lock that ends with the transaction: whoever does not get it has a rival at work.
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
    if session.execute(statement, {**values, "past": at - KEPT}).one_or_none() is None:
        # A rival has finished between our look and our lock.
        raise _in_progress()


def _keep(dialect: ModuleType) -> Any:
    """A key older than a day is free again."""
    new = dialect.insert(_KEYS)
    fresh = ("fingerprint", "object_id", "created_at", "seen_at")
    return new.on_conflict_do_update(
        index_elements=["person_id", "key_hash"],
        set_={name: new.excluded[name] for name in fresh},
        where=_KEYS.c.created_at <= bindparam("past", type_=UTCDateTime),
    ).returning(_KEYS.c.id)


_KEEP, _KEEP_ON_SQLITE = _keep(postgresql), _keep(sqlite)


def forget_old_keys() -> int:
    """Deletes keys past their day; answers how many."""
    result = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT))
    return int(getattr(result, "rowcount", 0))
