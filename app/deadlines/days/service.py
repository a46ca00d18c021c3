"""Changes the calendar of special days: fills announced years, sets a day, imports a year."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from app.deadlines.computing.states import DayKind
from app.deadlines.days.queries import YearCalendar, count_running, year_calendar, years_with_days
from app.deadlines.days.special import (
    CHANGE_WORDS,
    IMPORTED,
    STAFF,
    Difference,
    SpecialDay,
    announced_days,
    announced_years,
    by_day,
    date_words,
    differences,
    read_day,
    read_table,
)
from app.deadlines.standing.recomputing import request_recomputation
from app.deadlines.terms.models import CalendarDay
from app.deadlines.terms.policy import may_edit_calendar
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.kept import hold
from app.kernel.errors import Conflict, Forbidden, Invalid

# The lock of every change of the calendar, so that two lists of a year are never mixed.
_CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class CalendarReport:
    """The differences of a year, and how many running deadlines are computed again."""

    year: int
    dry_run: bool
    differences: Sequence[Difference]
    running: int

    @property
    def summary(self) -> str:
        """The report as one Chinese sentence."""
        if not self.differences:
            return f"{self.year}年没有变化。"
        count = Counter(difference.change for difference in self.differences)
        days = "、".join(
            f"{word}{count[change]}天" for change, word in CHANGE_WORDS.items() if count[change]
        )
        again = "将" if self.dry_run else ""
        return f"{self.year}年{days}，{self.running}个正在计时的时限{again}重新计算。"


def seed_calendar(actor: Actor) -> int:
    """Fills the announced years that are not in the table; answers how many days were added.

    Raises Forbidden `calendar.not_allowed`.
    """
    _check_may_edit(actor)
    hold(_CALENDAR)
    missing = sorted(announced_years() - years_with_days())
    days = [special for year in missing for special in announced_days(year).values()]
    session.add_all(map(_row_of, days))
    session.flush()
    return len(days)


def fill_calendar(actor: Actor) -> int:
    """Does what `seed_calendar` does, and has running deadlines computed again if days were added."""
    filled = seed_calendar(actor)
    if filled:
        request_recomputation(actor, "放假安排公布了")
    return filled


def set_day(
    actor: Actor,
    year: int,
    day: str,
    *,
    kind: DayKind | None,
    name: str,
    check: Callable[[int], None],
) -> CalendarReport:
    """Sets one day of an announced year; with kind None it is like its weekday again.

    `check(version)` raises an error if the year has changed since the caller read it.
    Raises Forbidden `calendar.not_allowed`; Invalid `calendar.bad_year`, `calendar.bad_day`,
    `calendar.other_year`; Conflict `calendar.not_announced`.
    """
    _check_may_edit(actor)
    at = read_day(day)
    hold(_CALENDAR)
    before = year_calendar(actor, year)
    check(before.version)
    _check_year(year, at)
    if not before.confirmed:
        raise Conflict("calendar.not_announced", f"{year}年的放假安排还没有，请先导入全年的安排。")
    after = dict(before.by_day)
    after.pop(at, None)
    if kind is not None:
        after[at] = SpecialDay(at, kind, name, STAFF)
    return _replace(actor, before, after)


def import_days(
    actor: Actor,
    year: int,
    *,
    days: Sequence[Mapping[str, Any]] | None = None,
    csv: str | None = None,
    source: str | None = None,
    dry_run: bool = False,
) -> CalendarReport:
    """Replaces all special days of a year by a list, by a table, or by the announced ones.

    `days` have day, kind and name; `csv` is the text of a table; `source` names the announced ones.
    With `dry_run` nothing is changed.

    Raises Forbidden `calendar.not_allowed`; Invalid `calendar.one_source`, `calendar.bad_year`,
    `calendar.no_days`, `calendar.other_year`, `calendar.day_twice`, `calendar.year_unknown`, and the
    errors of `read_table`.
    """
    _check_may_edit(actor)
    hold(_CALENDAR)
    before = year_calendar(actor, year)
    if [days, csv, source].count(None) != 2:
        raise Invalid("calendar.one_source", "请填各天、给一张表格或用公布的安排，只能选一样。")
    if csv is not None:
        after = by_day(read_table(csv))
    elif days is not None:
        after = by_day(SpecialDay(**day, source=IMPORTED) for day in days)
    else:
        after = _announced(year)
    if not after:
        raise Invalid("calendar.no_days", "没有填写任何一天。")
    for day in after:
        _check_year(year, day)
    return _replace(actor, before, after, dry_run=dry_run)


def _announced(year: int) -> dict[date, SpecialDay]:
    if year not in announced_years():
        raise Invalid("calendar.year_unknown", f"{year}年的放假安排还没有收录，请导入表格。")
    return announced_days(year)


def _check_may_edit(actor: Actor) -> None:
    if not may_edit_calendar(actor):
        raise Forbidden("calendar.not_allowed", "您没有维护工作日历的权限。")


def _check_year(year: int, day: date) -> None:
    if day.year != year:
        raise Invalid("calendar.other_year", f"{day.year}年{date_words(day)}不是{year}年的。")


def _replace(
    actor: Actor, before: YearCalendar, after: Mapping[date, SpecialDay], *, dry_run: bool = False
) -> CalendarReport:
    found = differences(before.by_day, after)
    report = CalendarReport(before.year, dry_run, found, count_running() if found else 0)
    if dry_run or (before.confirmed and not found):
        return report
    _write(before.year, after)
    audit.record(
        actor,
        "calendar.changed",
        "calendar",
        before.year,
        fields=[difference.day.isoformat() for difference in found],
    )
    if found:
        request_recomputation(actor, f"改了{before.year}年的工作日历")
    return report


def _write(year: int, after: Mapping[date, SpecialDay]) -> None:
    """Writes the days of the year; a row whose kind and name do not change keeps its source."""
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    rows = {row.day: row for row in session.scalars(select(CalendarDay).where(within))}
    for day, row in rows.items():
        if day not in after:
            session.delete(row)
    for day, special in after.items():
        there = rows.get(day)
        if there is None:
            session.add(_row_of(special))
        elif (there.kind, there.name) != (special.kind, special.name):
            there.kind, there.name, there.source = special.kind, special.name, special.source
    session.flush()


def _row_of(special: SpecialDay) -> CalendarDay:
    return CalendarDay(
        day=special.day,
        kind=special.kind,
        name=special.name,
        source=special.source,
        confirmed=True,
    )
