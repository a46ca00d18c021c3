"""Limits that matter, counted in the database so that they hold over all processes."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.clock import now
from app.kernel.database import Model, UTCDateTime, is_sqlite, session
from app.kernel.errors import TooMany


class RateCounter(Model):
    """How often a bucket was hit in the window that began at `since` (seconds of the epoch)."""

    __tablename__ = "rate_counters"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    hits: Mapped[int]


def hit(bucket: str, *, limit: int, seconds: int) -> None:
    """Counts one; the one past `limit` within a window of `seconds` raises TooMany `rate.exceeded`."""
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
    """Deletes windows that are over; answers how many."""
    result = session.execute(delete(RateCounter).where(RateCounter.until <= now()))
    return int(getattr(result, "rowcount", 0))
