"""The calendar of a year: what is announced, or what holds until then."""

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
    """All special days of a year; `confirmed`: they are announced, not computed."""

    year: int
    confirmed: bool
    by_day: Mapping[date, SpecialDay]

    @property
    def days(self) -> list[SpecialDay]:
        """In order."""
        return list(self.by_day.values())

    @property
    def version(self) -> int:
        """Another number for other content."""
        return zlib.crc32(repr((self.confirmed, self.days)).encode())


def year_calendar(actor: Actor, year: int) -> YearCalendar:
    """Days off and days worked in exchange, for everybody; Invalid `calendar.bad_year`.

    A year that nobody has announced has the holidays that stand on the same days each year.
    """
    del actor
    if year not in YEARS:
        raise Invalid("calendar.bad_year", f"年份要在{YEARS[0]}到{YEARS[-1]}之间。")
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    rows = session.scalars(select(CalendarDay).where(within, CalendarDay.confirmed))
    days = by_day(SpecialDay(row.day, row.kind, row.name, row.source) for row in rows)
    return YearCalendar(year, bool(days), days or fixed_days(year))


def years_with_days() -> set[int]:
    """The years that are in the table."""
    found = session.scalars(select(extract("year", CalendarDay.day)).distinct())
    return {int(year) for year in found}


def count_running() -> int:
    """How many deadlines a change of the calendar computes again."""
    found = session.scalar(select(func.count()).select_from(Deadline).where(affected(None, None)))
    return found or 0
