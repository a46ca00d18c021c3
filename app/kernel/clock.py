"""The only place that reads the time."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Business time, aware, in UTC.

    The environment variable CLOCK_FILE names a file whose text is either an RFC 3339 time (the clock
    stands still there) or a signed number of seconds (the clock is shifted by it). Tests over several
    processes move the time with it; without the variable this is the machine's clock.
    """
    moved = os.environ.get("CLOCK_FILE")
    real = datetime.now(UTC)
    if not moved:
        return real
    try:
        text = Path(moved).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return real
    if text[:1] in "+-":
        return real + timedelta(seconds=float(text))
    return datetime.fromisoformat(text).astimezone(UTC) if text else real


def to_local(moment: datetime) -> datetime:
    """The same moment with the offset of Asia/Shanghai."""
    return moment.astimezone(LOCAL)


def local_date(moment: datetime) -> date:
    """The calendar day of the moment in Asia/Shanghai."""
    return to_local(moment).date()


def local_midnight(moment: datetime) -> datetime:
    """The beginning of that day, with the offset of Asia/Shanghai."""
    return to_local(moment).replace(hour=0, minute=0, second=0, microsecond=0)


def spoken_day(moment: datetime) -> str:
    """The day in Asia/Shanghai as people say it: "11月29日"."""
    local = to_local(moment)
    return f"{local.month}月{local.day}日"


def spoken(moment: datetime) -> str:
    """The time in Asia/Shanghai as people say it: "11月29日15:30"."""
    return f"{spoken_day(moment)}{to_local(moment):%H:%M}"
