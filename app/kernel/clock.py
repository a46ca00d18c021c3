"""The clock of the program: no other module reads the time."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment of the program, with the zone UTC.

    Without the environment variable CLOCK_FILE it is the time of the machine. Tests with several
    processes set CLOCK_FILE to the name of a file to move the time of all of them. The text of the file
    is either an RFC 3339 time, and then the clock stands still at this time, or a number of seconds with
    its sign, and then the clock is ahead (+) or behind (-) by so much.
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
    """The same moment in the time zone Asia/Shanghai."""
    return moment.astimezone(LOCAL)


def local_date(moment: datetime) -> date:
    """The day that it is in Shanghai at that moment."""
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
