"""Limits on how often something may be done, counted in the database for all processes together."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.clock import now
from app.kernel.database import Model, UTCDateTime, is_sqlite, session
from app.kernel.errors import TooMany


class RateCounter(Model):
    """How often a bucket was hit in one window of time; `since` is its start in seconds of the epoch."""

    __tablename__ = "rate_counters"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    hits: Mapped[int]


def hit(bucket: str, *, limit: int, seconds: int) -> None:
    """Counts one hit of the bucket ("log-in:10.0.0.1") in the present window of so many seconds.

    Raises TooMany `rate.exceeded` when the window has more than `limit` hits; its `retry_after` is the
    number of seconds until the window ends.
    """
    moment = now()
    since = int(moment.timestamp()) // seconds * seconds
    insert = sqlite_insert if is_sqlite() else postgresql_insert
    values = {
        "bucket": bucket,
        "since": since,
        "until": datetime.fromtimestamp(since + seconds, tz=moment.tzinfo),
        "hits": 1,
    }
    statement = (
        insert(RateCounter)
        .values(values)
        .on_conflict_do_update(
            index_elements=["bucket", "since"], set_={"hits": RateCounter.hits + 1}
        )
        .returning(RateCounter.hits)
    )
    if session.execute(statement).scalar_one() > limit:
        wait = since + seconds - int(moment.timestamp())
        raise TooMany("rate.exceeded", "操作太频繁了，请稍后再试。", retry_after=max(wait, 1))


def forget_past() -> int:
    """Deletes windows that have ended; answers how many were deleted."""
    result = session.execute(delete(RateCounter).where(RateCounter.until <= now()))
    return int(getattr(result, "rowcount", 0))
