"""Reads the calendar of a year: the announced days, or the fixed holidays until then."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import extract, func, select

from app.deadlines.days.special import YEARS, SpecialDay, by_day, fixed_days
from app.deadlines.standing.behind import affected
from app.deadlines.standing.models import Deadline
from app.deadlines.terms.models import CalendarDay
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class YearCalendar:
    """All special days of a year; `confirmed`: the year was announced."""

    year: int
    confirmed: bool
    by_day: Mapping[date, SpecialDay]

    @property
    def days(self) -> list[SpecialDay]:
        """The special days in the order of the year."""
        return list(self.by_day.values())

    @property
    def version(self) -> int:
        """A number that differs when the content differs."""
        return zlib.crc32(repr((self.confirmed, self.days)).encode())


def year_calendar(actor: Actor, year: int) -> YearCalendar:
    """The special days of a year; everybody may read them.

    A year that is not announced has the fixed holidays. Raises Invalid `calendar.bad_year`.
    """
    del actor
    if year not in YEARS:
        raise Invalid("calendar.bad_year", f"年份要在{YEARS[0]}到{YEARS[-1]}之间。")
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    rows = session.scalars(select(CalendarDay).where(within, CalendarDay.confirmed))
    days = by_day(SpecialDay(row.day, row.kind, row.name, row.source) for row in rows)
    return YearCalendar(year, bool(days), days or fixed_days(year))


def years_with_days() -> set[int]:
    """The years that have rows in the table of special days."""
    found = session.scalars(select(extract("year", CalendarDay.day)).distinct())
    return {int(year) for year in found}


def count_running() -> int:
    """How many running deadlines are computed again after a change of the calendar."""
    found = session.scalar(select(func.count()).select_from(Deadline).where(affected(None, None)))
    return found or 0
