"""Special days of a year: announced, fixed by law or read from a table; and how lists differ. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chinese_calendar import Holiday
from chinese_calendar import holidays as _holidays
from chinese_calendar import workdays as _workdays

from app.deadlines.computing.calendar import FIXED_HOLIDAYS
from app.deadlines.computing.states import DayKind
from app.kernel.errors import Invalid

YEARS = range(2000, 2101)
# The first year that is filled in; the program has no older deadlines.
FIRST_FILLED = 2024
ANNOUNCED, STAFF, IMPORTED, FIXED = "chinesecalendar", "staff", "import", "fixed"
LONGEST_NAME = 20
_WEEKDAYS = "一二三四五六日"
_KINDS = {
    **dict.fromkeys(("休息", "放假", "假日", "holiday"), DayKind.HOLIDAY),
    **dict.fromkeys(("上班", "补班", "调休", "workday"), DayKind.WORKDAY),
}
_COLUMNS = {"日期": "day", "类别": "kind", "名称": "name"}
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
KIND_WORDS = {DayKind.HOLIDAY: "放假", DayKind.WORKDAY: "上班"}


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that differs from its weekday; `source` tells where that comes from."""

    day: date
    kind: DayKind
    name: str
    source: str

    @property
    def text(self) -> str:
        """The Chinese text of the day, without the date."""
        return f"{KIND_WORDS[self.kind]}（{self.name}）" if self.name else KIND_WORDS[self.kind]


Days = Mapping[date, SpecialDay]


class DayChange(StrEnum):
    """How a day differs between two lists."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


CHANGE_WORDS = {
    DayChange.ADDED: "增加",
    DayChange.REMOVED: "去掉",
    DayChange.CHANGED: "改动",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A day that differs between two lists, with a Chinese sentence."""

    day: date
    change: DayChange
    text: str


def by_day(days: Iterable[SpecialDay]) -> dict[date, SpecialDay]:
    """The special days by date, in order; raises Invalid `calendar.day_twice`."""
    found: dict[date, SpecialDay] = {}
    for special in sorted(days, key=lambda special: special.day):
        if special.day in found:
            raise Invalid("calendar.day_twice", f"{date_words(special.day)}写了两次。")
        found[special.day] = special
    return found


def announced_years() -> set[int]:
    """The years that the library `chinesecalendar` knows, from FIRST_FILLED on."""
    return {day.year for day in _holidays if day.year >= FIRST_FILLED}


def announced_days(year: int) -> dict[date, SpecialDay]:
    """The announced special days of a year; empty if the library does not know the year."""
    return by_day(
        SpecialDay(day, kind, Holiday(name).chinese, ANNOUNCED)
        for kind, days in ((DayKind.HOLIDAY, _holidays), (DayKind.WORKDAY, _workdays))
        for day, name in days.items()
        if day.year == year
    )


def fixed_days(year: int) -> dict[date, SpecialDay]:
    """The special days of a year that is not announced yet: the fixed holidays."""
    return by_day(
        SpecialDay(date(year, month, day), DayKind.HOLIDAY, name, FIXED)
        for (month, day), name in FIXED_HOLIDAYS.items()
    )


def read_table(text: str) -> list[SpecialDay]:
    """Reads special days from CSV with the columns 日期, 类别 (放假 or 上班) and 名称.

    Raises Invalid `calendar.bad_table`, `calendar.bad_day`, `calendar.bad_kind` or
    `calendar.bad_name`.
    """
    try:
        heading, *rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    except (ValueError, csv.Error) as broken:
        raise _bad_table() from broken
    names = [_COLUMNS.get(cell.strip(), "") for cell in heading]
    if not {"day", "kind"} <= set(names):
        raise _bad_table()
    found = []
    for number, row in enumerate(rows, start=2):
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
        if any(cells.values()):
            found.append(_read_row(number, cells))
    return found


def _bad_table() -> Invalid:
    return Invalid("calendar.bad_table", "表格第一行要有“日期”和“类别”，还可以有“名称”。")


def _read_row(number: int, cells: Mapping[str, str]) -> SpecialDay:
    kind = _KINDS.get(cells.get("kind", ""))
    if kind is None:
        raise Invalid("calendar.bad_kind", f"第{number}行：类别要填“放假”或“上班”。")
    name = cells.get("name", "")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("calendar.bad_name", f"第{number}行：名称最多{LONGEST_NAME}个字。")
    try:
        day = read_day(cells.get("day", ""))
    except Invalid as wrong:
        raise Invalid("calendar.bad_day", f"第{number}行：{wrong.message}") from wrong
    return SpecialDay(day, kind, name, IMPORTED)


def read_day(text: str) -> date:
    """Reads a date like 2026-10-01 or 2026/10/1; raises Invalid `calendar.bad_day`."""
    written = _DATE.fullmatch(text)
    with suppress(ValueError):
        if written is not None:
            return date(*map(int, written.groups()))
    raise Invalid("calendar.bad_day", "日期不对，要写成 2026-10-01 的样子。")


def differences(before: Days, after: Days) -> list[Difference]:
    """The days whose kind or name differs, in order; the source does not matter."""
    found = []
    for day in sorted(before.keys() | after.keys()):
        old, new = before.get(day), after.get(day)
        if old is None and new is not None:
            found.append(Difference(day, DayChange.ADDED, f"{date_words(day)}改为{new.text}。"))
        elif old is not None and new is None:
            text = f"{date_words(day)}不再{old.text}，照平常。"
            found.append(Difference(day, DayChange.REMOVED, text))
        elif old is not None and new is not None and (old.kind, old.name) != (new.kind, new.name):
            text = f"{date_words(day)}原来{old.text}，改为{new.text}。"
            found.append(Difference(day, DayChange.CHANGED, text))
    return found


def date_words(day: date) -> str:
    """The Chinese text of a date, for example 10月1日（星期四）."""
    return f"{day.month}月{day.day}日（星期{_WEEKDAYS[day.weekday()]}）"
