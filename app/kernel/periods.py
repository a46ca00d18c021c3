"""Periods of whole days in Shanghai: weeks from Monday to Sunday, months, and any other span of days."""

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
    """The days from `since` to `until`, both included.

    Raises ValueError when `until` is before `since`, or when a year is outside 2000 to 2199.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        """Checks the order of the two days and their years."""
        if not (self.since.year >= FIRST_YEAR and self.until.year <= LAST_YEAR):
            raise ValueError("beyond the calendar")
        if self.until < self.since:
            raise ValueError("ends before it begins")

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.until - self.since).days + 1

    @property
    def start(self) -> datetime:
        """The first moment of the first day."""
        return datetime.combine(self.since, time(), LOCAL)

    @property
    def end(self) -> datetime:
        """The first moment after the last day."""
        return datetime.combine(self.until + _DAY, time(), LOCAL)


def week_of(day: date) -> Period:
    """The week, from Monday to Sunday, that holds the day."""
    monday = day - day.weekday() * _DAY
    return Period(monday, monday + 6 * _DAY)


def month_of(day: date) -> Period:
    """The month that holds the day."""
    first = day.replace(day=1)
    return Period(first, (first + 31 * _DAY).replace(day=1) - _DAY)


def week_name(day: date) -> str:
    """The name of the week that holds the day ("2026-W47"); the year is the one of its Thursday."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def month_name(day: date) -> str:
    """The name of the month that holds the day ("2026-11")."""
    return f"{day:%Y-%m}"


def named_period(name: str) -> Period:
    """The week or the month of that name; raises ValueError for a name that is neither."""
    if week := _WEEK.fullmatch(name):
        return week_of(date.fromisocalendar(int(week[1]), int(week[2]), 1))
    if month := _MONTH.fullmatch(name):
        return month_of(date(int(month[1]), int(month[2]), 1))
    raise ValueError(f"neither week nor month: {name}")


def weeks_of(period: Period) -> dict[str, Period]:
    """The weeks of the period by name; of the first and the last only the days inside the period."""
    return {week_name(part.since): part for part in _parts(period, _end_of_week)}


def months_of(period: Period) -> dict[str, Period]:
    """The months of the period by name; of the first and the last only the days inside the period."""
    return {month_name(part.since): part for part in _parts(period, _end_of_month)}


def _end_of_week(day: date) -> date:
    # `week_of` would refuse a week that lies half outside the years of Period.
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
