"""Rules, calendars and quiet hours of now; the process keeps them until somebody changes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.deadlines.computing.calendar import FIXED_HOLIDAYS, Calendar, read_hours
from app.deadlines.computing.clocks import Choice
from app.deadlines.computing.rules import Rules, StageRule, fold, read_stages
from app.deadlines.computing.states import CalendarKind, DayKind, Stage
from app.deadlines.terms.models import CalendarDay, DeadlinePolicy
from app.kernel.database import session
from app.kernel.database.fast.kept import Kept
from app.organisation.queries import get_unit, setting

DEFAULT_POLICY = "ordinary_13710"
Stages = Mapping[Stage, StageRule]


@dataclass(slots=True)
class _Policies:
    stages: dict[int, Stages] = field(default_factory=dict)
    current: dict[tuple[str, int | None], int] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    folded: dict[tuple[int, ...], Rules] = field(default_factory=dict)


def _read_policies() -> _Policies:
    found = _Policies()
    rows = select(
        DeadlinePolicy.id,
        DeadlinePolicy.code,
        DeadlinePolicy.unit_id,
        DeadlinePolicy.stages,
        DeadlinePolicy.superseded_at,
    ).order_by(DeadlinePolicy.id)
    for row in session.execute(rows):
        found.stages[row.id] = read_stages(row.stages)
        found.codes[row.id] = row.code
        if row.superseded_at is None:
            found.current[row.code, row.unit_id] = row.id
    return found


_policies = Kept("deadline_policies", _read_policies, "deadline_policies")


def versions_for(code: str, unit_id: int) -> tuple[int, ...]:
    """The ids of the policy's rows that hold at the unit: the one for all, then units downward.

    The ordinary policy takes the place of an unknown one. Empty if that is missing as well.
    """
    current = _policies.value().current
    known = code if (code, None) in current else DEFAULT_POLICY
    owners: list[int | None] = [None, *get_unit(unit_id).path_ids]
    return tuple(current[known, owner] for owner in owners if (known, owner) in current)


def choice(policy: str, urgency: str, unit_id: int, limit: datetime | None = None) -> Choice:
    """The choice by the rows that hold now for the policy at the unit; `limit`: an imposed date."""
    return Choice(versions_for(policy, unit_id), urgency, unit_id, limit)


def is_policy(code: str) -> bool:
    """Whether there is a policy of that code for all units."""
    return (code, None) in _policies.value().current


def code_of(version: int) -> str:
    """The code of the policy of which that row is a version."""
    return _policies.value().codes[version]


@dataclass(slots=True)
class _Days:
    special: dict[date, DayKind] = field(default_factory=dict)
    years: set[int] = field(default_factory=set)
    by_hours: dict[tuple[str, str | None], Calendar] = field(default_factory=dict)
    calendars: dict[tuple[int, CalendarKind], Calendar] = field(default_factory=dict)
    quiet: dict[int, tuple[time, time]] = field(default_factory=dict)

    def kind(self, day: date) -> DayKind | None:
        """What the day is beside its weekday; in a year not announced only fixed holidays count."""
        if day.year in self.years:
            return self.special.get(day)
        return DayKind.HOLIDAY if (day.month, day.day) in FIXED_HOLIDAYS else None


def _read_days() -> _Days:
    rows = session.execute(select(CalendarDay.day, CalendarDay.kind, CalendarDay.confirmed)).all()
    found = _Days({row.day: row.kind for row in rows})
    found.years = {row.day.year for row in rows if row.confirmed}
    return found


_days = Kept("calendars", _read_days, "calendar_days", "unit_settings", "units")


def calendar_of(unit_id: int, kind: CalendarKind) -> Calendar:
    """Day and night in the unit's zone, or its working hours."""
    return Here().calendar(unit_id, kind)


def _calendar(days: _Days, unit_id: int, kind: CalendarKind) -> Calendar:
    """Units with the same hours share one calendar, which remembers its spans."""
    zone = str(setting(unit_id, "deadlines.zone"))
    hours: dict[str, Any] | None = None
    if kind is CalendarKind.WORKING:
        hours = setting(unit_id, "deadlines.hours")
    key = (zone, None if hours is None else repr(hours))
    if key not in days.by_hours:
        spans = None if hours is None else read_hours(hours)
        days.by_hours[key] = Calendar(ZoneInfo(zone), spans, days.kind)
    return days.by_hours[key]


def next_working_day(unit_id: int, moment: datetime) -> datetime:
    """The moment one working day later, by the unit's hours."""
    return calendar_of(unit_id, CalendarKind.WORKING).add_days(moment, 1)


class Here:
    """What the arithmetic of this moment needs to know, read once for many deadlines."""

    def __init__(self) -> None:
        self._policies = _policies.value()
        self._days = _days.value()
        self._paths: dict[int, str] = {}

    def rules(self, versions: tuple[int, ...]) -> Rules:
        """The rules made of those rows, also of past ones."""
        rules = self._policies.folded.get(versions)
        if rules is None:
            stages = self._policies.stages
            rules = fold((version, stages[version]) for version in versions)
            self._policies.folded[versions] = rules
        return rules

    def calendar(self, unit_id: int, kind: CalendarKind) -> Calendar:
        """Day and night in the unit's zone, or its working hours."""
        found = self._days.calendars.get((unit_id, kind))
        if found is None:
            found = self._days.calendars[unit_id, kind] = _calendar(self._days, unit_id, kind)
        return found

    def quiet(self, unit_id: int) -> tuple[time, time]:
        """From when until when the unit's people get no reminders."""
        kept = self._days.quiet
        if unit_id not in kept:
            since, until = (setting(unit_id, f"deadlines.quiet_{end}") for end in ("from", "until"))
            kept[unit_id] = time.fromisoformat(since), time.fromisoformat(until)
        return kept[unit_id]

    def unit_path(self, unit_id: int) -> str:
        """The path of the unit."""
        if unit_id not in self._paths:
            self._paths[unit_id] = get_unit(unit_id).path
        return self._paths[unit_id]
