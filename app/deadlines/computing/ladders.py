"""The ladder of a date: the steps by which people are reminded before and after it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from app.deadlines.computing.arithmetic import Length, length_from
from app.deadlines.computing.calendar import Calendar
from app.deadlines.computing.clocks import Surroundings
from app.deadlines.computing.rules import StageRule, Step, Target
from app.deadlines.computing.states import ABOVE, CalendarKind, Level, Stage

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
EMERGENCY = "emergency"
MORNING = time(8, 30)
SHARES, LONG_SHARES = (50, 80), (50,)


def _after(
    level: Level, calendar: CalendarKind, *, minutes: int | None = None, days: int | None = None
) -> Step:
    return Step(level, Target(Length(minutes, days), calendar))


_EVERY, _WORKING = CalendarKind.EVERY_DAY, CalendarKind.WORKING
LADDER = (
    _after(Level.DESK, _EVERY, minutes=0),
    _after(Level.LEADER, _WORKING, minutes=240),
    _after(Level.UP_1, _WORKING, days=1),
    _after(Level.UP_2, _WORKING, days=3),
)
EMERGENCY_LADDER = (
    _after(Level.DESK, _EVERY, minutes=0),
    _after(Level.LEADER, _EVERY, minutes=5),
    _after(Level.UP_1, _EVERY, minutes=10),
    _after(Level.UP_2, _EVERY, minutes=30),
)


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of a ladder at its moment: its name, who is reminded, and when."""

    name: str
    level: Level
    at: datetime


@dataclass(frozen=True, slots=True)
class Climb:
    """The stage, terms and date of a ladder; `since` is when the time until the date begins."""

    stage: Stage
    versions: tuple[int, ...]
    urgency: str
    unit_id: int
    since: datetime
    due_at: datetime


def ladder(climb: Climb, around: Surroundings) -> list[Rung]:
    """All steps in the order of time, moved out of the quiet hours; none without the stage's rule.

    A step in the quiet hours waits until they end. A step for a unit above waits until 08:30 of a
    working day, so that one message can hold several. The steps of an emergency never wait.
    """
    rule = around.rules(climb.versions).stages.get(climb.stage)
    if rule is None:
        return []
    steps = rule.ladder or (EMERGENCY_LADDER if climb.urgency == EMERGENCY else LADDER)
    late = [Rung(f"late_{step.level}", step.level, _moment(climb, step, around)) for step in steps]
    return _in_time(climb, [*_shares(climb, rule, around), *late], around)


def next_rung(climb: Climb, at: datetime, around: Surroundings) -> Rung | None:
    """The first step after that moment, or None.

    Steps after the date are only computed if no step before it is left, because that takes long.
    """
    rule = around.rules(climb.versions).stages.get(climb.stage)
    shares = [] if rule is None else _in_time(climb, _shares(climb, rule, around), around)
    coming = next((rung for rung in shares if rung.at > at), None)
    if coming is not None:
        return coming
    return next((rung for rung in ladder(climb, around) if rung.at > at), None)


def still_waiting(rungs: Sequence[Rung], step: str | None, since: datetime) -> Sequence[Rung]:
    """The steps from the named one on; if the ladder lacks it, the steps at `since` and later."""
    place = next((n for n, rung in enumerate(rungs) if rung.name == step), None)
    return [rung for rung in rungs if rung.at >= since] if place is None else rungs[place:]


def _in_time(climb: Climb, rungs: Iterable[Rung], around: Surroundings) -> list[Rung]:
    rungs = [replace(rung, at=_up(rung.at)) for rung in rungs]
    if climb.urgency != EMERGENCY:
        quiet = around.quiet(climb.unit_id)
        working = around.calendar(climb.unit_id, CalendarKind.WORKING)
        rungs = [replace(rung, at=_polite(rung, quiet, working)) for rung in rungs]
    return sorted(rungs, key=lambda rung: rung.at)


def _shares(climb: Climb, rule: StageRule, around: Surroundings) -> Iterable[Rung]:
    target = rule.by_day(climb.urgency)
    if target is None:
        return
    calendar = around.calendar(climb.unit_id, target.calendar)
    length = calendar.elapsed(climb.since, climb.due_at)
    is_long = climb.due_at - climb.since > _DAY
    for share in rule.shares or (LONG_SHARES if is_long else SHARES):
        at = calendar.add(climb.since, length * share / 100)
        yield Rung(f"share_{share}", Level.HANDLER, at)
    if is_long and rule.shares is None:
        working = around.calendar(climb.unit_id, CalendarKind.WORKING)
        yield Rung("last_day", Level.HANDLER, _last_morning(working, climb.due_at))


def _last_morning(working: Calendar, due_at: datetime) -> datetime:
    """08:30 of the last working day before the date."""
    day = working.last_counting_day(due_at)
    at = working.at(day, MORNING)
    if at < due_at:
        return at
    return working.at(working.last_counting_day(working.at(day, time()) - _MINUTE), MORNING)


def _moment(climb: Climb, step: Step, around: Surroundings) -> datetime:
    if step.after.length.minutes == 0:
        return climb.due_at
    calendar = around.calendar(climb.unit_id, step.after.calendar)
    return calendar.add(climb.due_at, length_from(calendar, climb.due_at, step.after.length))


def _polite(rung: Rung, quiet: tuple[time, time], working: Calendar) -> datetime:
    if rung.level in ABOVE:
        return _next_morning(rung.at, working)
    since, until = quiet
    local = rung.at.astimezone(working.zone)
    clock, day = local.time(), local.date()
    if since <= until:
        return working.at(day, until) if since <= clock < until else rung.at
    if clock >= since:
        return working.at(day + _DAY, until)
    return working.at(day, until) if clock < until else rung.at


def _next_morning(at: datetime, working: Calendar) -> datetime:
    day = at.astimezone(working.zone).date()
    while not working.is_counting(day) or working.at(day, MORNING) < at:
        day += _DAY
    return working.at(day, MORNING)


def _up(moment: datetime) -> datetime:
    """Rounded up to the minute, so that steps of the same minute can be one message."""
    rest = moment.replace(second=0, microsecond=0)
    return moment if rest == moment else rest + _MINUTE
