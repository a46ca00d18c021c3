"""Weeks from Monday to Sunday, months, and spans of days, all of Shanghai; pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.kernel.clock import LOCAL

_DAY = timedelta(days=1)
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True)
class Period:
    """Days, the last one included; raises ValueError where they make no sense."""

    since: date
    until: date

    def __post_init__(self) -> None:
        """Checks the order and the years."""
        if not (self.since.year >= FIRST_YEAR and self.until.year <= LAST_YEAR):
            raise ValueError("beyond the calendar")
        if self.until < self.since:
            raise ValueError("ends before it begins")

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.since).days + 1

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.since, time(), LOCAL)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.until + _DAY, time(), LOCAL)


def week_of(day: date) -> Period:
    """The week of that day."""
    monday = day - day.weekday() * _DAY
    return Period(monday, monday + 6 * _DAY)


def month_of(day: date) -> Period:
    """The month of that day."""
    first = day.replace(day=1)
    return Period(first, (first + 31 * _DAY).replace(day=1) - _DAY)


def week_name(day: date) -> str:
    """2026-W47: the year of a week is that of its Thursday."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def month_name(day: date) -> str:
    """2026-11."""
    return f"{day:%Y-%m}"


def named_period(name: str) -> Period:
    """The week or month of that name; ValueError where there is none."""
    if week := _WEEK.fullmatch(name):
        return week_of(date.fromisocalendar(int(week[1]), int(week[2]), 1))
    if month := _MONTH.fullmatch(name):
        return month_of(date(int(month[1]), int(month[2]), 1))
    raise ValueError(f"neither week nor month: {name}")


def weeks_of(period: Period) -> dict[str, Period]:
    """Its weeks by name; the first and the last may be cut short."""
    return {week_name(part.since): part for part in _parts(period, _end_of_week)}


def months_of(period: Period) -> dict[str, Period]:
    """Its months by name; the first and the last may be cut short."""
    return {month_name(part.since): part for part in _parts(period, _end_of_month)}


def _end_of_week(day: date) -> date:
    # The week itself may lie half beyond the calendar.
    return day + (6 - day.weekday()) * _DAY


def _end_of_month(day: date) -> date:
    return month_of(day).until


def _parts(period: Period, end_of: Callable[[date], date]) -> list[Period]:
    parts, day = [], period.since
    while day <= period.until:
        last = min(end_of(day), period.until)
        parts.append(Period(day, last))
        day = last + _DAY
    return parts
