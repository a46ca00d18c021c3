"""Limits on how often something may be done, counted in the database for all processes together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeVar

from flask import current_app, g
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import Model, UTCDateTime, is_sqlite, session
from app.kernel.database.fast.rows import fetch, table_of
from app.kernel.errors import TooMany

View = TypeVar("View", bound=Callable[..., Any])


class RateCounter(Model):
    """How often a bucket was hit in one window of time; `since` is its start in seconds of the epoch."""

    __tablename__ = "rate_counters"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    hits: Mapped[int]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many times in so many seconds."""

    times: int
    seconds: int


A_MINUTE, AN_HOUR, A_DAY = 60, 3600, 86400
# How often a person may call a view that writes and that declares no rate of its own.
USUAL = Rate(60, AN_HOUR)


def at_most(times: int, seconds: int) -> Callable[[View], View]:
    """Decorates a view that writes: a person may call it so often, in place of the `USUAL` rate."""

    def mark(view: View) -> View:
        view.rate = Rate(times, seconds)  # type: ignore[attr-defined]  # read by `count_write`
        return view

    return mark


def counted_elsewhere(reason: str) -> Callable[[View], View]:
    """Decorates a view that writes and need not be counted; `reason` names what bounds it."""

    def mark(view: View) -> View:
        view.counted_elsewhere = reason  # type: ignore[attr-defined]  # read by the frame
        return view

    return mark


def count_write(endpoint: str, view: object) -> None:
    """Counts one call of a view that writes for the person of the request.

    Nobody is counted at a public endpoint, which has no person. Raises what `count` raises.
    """
    actor: Actor | None = g.get("actor")
    if actor is not None:
        count(actor, endpoint, getattr(view, "rate", USUAL))


def count(actor: Actor, act: str, rate: Rate = USUAL) -> None:
    """Counts an act ("orders.comment") of a person.

    Whoever has a role outside `app.extensions["counted_roles"]` is not counted: staff act for many
    people. Raises TooMany `rate.exceeded` for more acts than the rate allows.
    """
    if _is_counted(actor):
        hit(f"{act}:{actor.own_id}", limit=rate.times, seconds=rate.seconds)


def check(actor: Actor, act: str, rate: Rate = USUAL) -> None:
    """Raises TooMany `rate.exceeded` where `count` would, and counts nothing."""
    if not _is_counted(actor):
        return
    bucket, since = f"{act}:{actor.own_id}", _start(rate.seconds)
    mine = select(RateCounter.hits).where(RateCounter.bucket == bucket, RateCounter.since == since)
    if (session.scalar(mine) or 0) >= rate.times:
        raise _too_often(since + rate.seconds)


def _is_counted(actor: Actor) -> bool:
    counted_roles: frozenset[str] = current_app.extensions["counted_roles"]
    return all(grant.role in counted_roles for grant in actor.grants)


def hit(bucket: str, *, limit: int, seconds: int) -> None:
    """Counts one hit of the bucket ("log-in:10.0.0.1") in the present window of so many seconds.

    Raises TooMany `rate.exceeded` when the window has more than `limit` hits; its `retry_after` is the
    number of seconds until the window ends.
    """
    since = _start(seconds)
    values = {
        "bucket": bucket,
        "since": since,
        "until": datetime.fromtimestamp(since + seconds, tz=UTC),
        "hits": 1,
    }
    ((hits,),) = fetch(_HIT_ON_SQLITE if is_sqlite() else _HIT, values)
    if hits > limit:
        raise _too_often(since + seconds)


def _start(seconds: int) -> int:
    """When the present window of so many seconds began, in seconds of the epoch."""
    return int(now().timestamp()) // seconds * seconds


def _too_often(end: int) -> TooMany:
    wait = end - int(now().timestamp())
    return TooMany("rate.exceeded", _TOO_OFTEN, retry_after=max(wait, 1))


_COUNTERS = table_of(RateCounter)
_TOO_OFTEN = "操作太频繁了，请稍后再试；急事请直接打电话给社区。"


def _hit(dialect: ModuleType) -> Any:
    """The statement that counts a hit; built once, because it runs with nearly every write."""
    return (
        dialect.insert(_COUNTERS)
        .on_conflict_do_update(
            index_elements=["bucket", "since"], set_={"hits": _COUNTERS.c.hits + 1}
        )
        .returning(_COUNTERS.c.hits)
    )


_HIT, _HIT_ON_SQLITE = _hit(postgresql), _hit(sqlite)


def forget_past() -> int:
    """Deletes windows that have ended; answers how many were deleted."""
    result = session.execute(delete(RateCounter).where(RateCounter.until <= now()))
    return int(getattr(result, "rowcount", 0))
