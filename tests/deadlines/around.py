"""What the arithmetic stands in: announced days, calendars, and surroundings without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.deadlines.computing.calendar import FIXED_HOLIDAYS, Calendar, read_hours
from app.deadlines.computing.rules import Rules, read_stages
from app.deadlines.computing.states import CalendarKind, DayKind
from app.deadlines.terms.settings import WORKING_HOURS

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUIET = (time(21, 30), time(7, 30))
DAILY = "1234567"

# As announced for 2026: first and last day of each holiday, and the days worked in exchange.
_HOLIDAYS = (
    ("01-01", "01-03"),
    ("02-15", "02-23"),
    ("04-04", "04-06"),
    ("05-01", "05-05"),
    ("06-19", "06-21"),
    ("09-25", "09-27"),
    ("10-01", "10-07"),
)
_WORKDAYS = ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")


def _announced() -> dict[date, DayKind]:
    days = {date.fromisoformat(f"2026-{day}"): DayKind.WORKDAY for day in _WORKDAYS}
    for first, last in _HOLIDAYS:
        day = date.fromisoformat(f"2026-{first}")
        while day <= date.fromisoformat(f"2026-{last}"):
            days[day] = DayKind.HOLIDAY
            day += timedelta(days=1)
    return days


ANNOUNCED = _announced()


def kind_of(day: date) -> DayKind | None:
    """2026 as announced; of other years the fixed holidays."""
    if day.year == 2026:
        return ANNOUNCED.get(day)
    return DayKind.HOLIDAY if (day.month, day.day) in FIXED_HOLIDAYS else None


def every_day(zone: str = "Asia/Shanghai") -> Calendar:
    """Day and night."""
    return Calendar(ZoneInfo(zone))


def office(
    zone: str = "Asia/Shanghai", hours: Mapping[str, Any] = WORKING_HOURS, days: Any = kind_of
) -> Calendar:
    """Working hours, by default the shipped ones and the announced days."""
    return Calendar(ZoneInfo(zone), read_hours(hours), days)


def each_day(*spans: tuple[str, str]) -> dict[str, Any]:
    """The same spans on all seven days."""
    return {weekday: [list(span) for span in spans] for weekday in DAILY}


@dataclass
class Around:
    """Rules and calendars of one unit."""

    stages: Sequence[Mapping[str, Any]] | Rules
    working: Calendar
    at_night: tuple[time, time] = QUIET

    def rules(self, versions: tuple[int, ...]) -> Rules:
        """Whatever rows are named."""
        if isinstance(self.stages, Rules):
            return self.stages
        return Rules(versions, read_stages(self.stages))

    def calendar(self, unit_id: int, kind: CalendarKind) -> Calendar:
        """Of the only unit."""
        del unit_id
        return self.working if kind is CalendarKind.WORKING else Calendar(self.working.zone)

    def quiet(self, unit_id: int) -> tuple[time, time]:
        """Of the only unit."""
        del unit_id
        return self.at_night


def moment(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """A local time, of 2026 where no year is said, as a moment; an offset says which of two."""
    read = datetime.fromisoformat(text if text[4] == "-" else f"2026-{text}")
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
