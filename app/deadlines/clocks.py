"""From facts to clocks, from clocks to dates and the steps of the ladder. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Protocol

from app.deadlines.arithmetic import Length, Pause, due, length_from, used
from app.deadlines.calendars import Calendar
from app.deadlines.rules import Rules, StageRule, Step, Target
from app.deadlines.states import (
    ABOVE,
    REWORK_SHARE,
    CalendarKind,
    DeadlineState,
    FactKind,
    Level,
    Stage,
)

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
class Fact:
    """Something that happened to the stages of a subject."""

    kind: FactKind
    at: datetime
    round: int
    stages: tuple[Stage, ...]
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """What decides on the target: policy (by its versions), urgency, whose hours; an imposed date."""

    versions: tuple[int, ...]
    urgency: str
    unit_id: int
    limit: datetime | None = None

    def as_details(self) -> dict[str, Any]:
        """As a fact keeps it."""
        return {
            "versions": list(self.versions),
            "urgency": self.urgency,
            "unit_id": self.unit_id,
            "limit": self.limit.isoformat() if self.limit else None,
        }

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "Choice":
        """As a fact has kept it."""
        limit = details.get("limit")
        return cls(
            tuple(details["versions"]),
            details["urgency"],
            details["unit_id"],
            datetime.fromisoformat(limit) if limit else None,
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """One stage of one round, the n-th time that it runs."""

    stage: Stage
    round: int
    turn: int
    started_at: datetime
    choice: Choice
    pauses: tuple[Pause, ...] = ()
    # When another date was agreed, and which.
    agreed: tuple[datetime, datetime] | None = None
    met_at: datetime | None = None
    met_by: int | None = None
    # As it was judged when it was met; calendars may have changed since.
    judged: tuple[datetime | None, int | None] | None = None
    dropped_at: datetime | None = None

    @property
    def state(self) -> DeadlineState:
        """Where it stands."""
        if self.met_at is not None:
            return DeadlineState.MET
        if self.dropped_at is not None:
            return DeadlineState.DROPPED
        paused = bool(self.pauses) and self.pauses[-1][1] is None
        return DeadlineState.PAUSED if paused else DeadlineState.OPEN

    @property
    def counts_since(self) -> datetime:
        """The start, or when another date was agreed, or when it went on: half of the time is half
        of what is left from there."""
        since = self.started_at if self.agreed is None else self.agreed[0]
        resumed = self.pauses[-1][1] if self.pauses else None
        return since if resumed is None else max(since, resumed)

    @property
    def is_running(self) -> bool:
        """Neither met nor dropped."""
        return self.met_at is None and self.dropped_at is None


def replay(facts: Iterable[Fact]) -> list[Clock]:
    """All clocks that the facts have started, in the order of their starts."""
    clocks: list[Clock] = []
    for fact in facts:
        if fact.kind is FactKind.STARTED:
            _start(clocks, fact)
            continue
        change = _CHANGES[fact.kind]
        for number, clock in enumerate(clocks):
            if clock.round == fact.round and clock.stage in fact.stages:
                clocks[number] = change(clock, fact)
    return clocks


def _start(clocks: list[Clock], fact: Fact) -> None:
    choice = Choice.of(fact.details)
    for stage in fact.stages:
        earlier = [c for c in clocks if (c.stage, c.round) == (stage, fact.round)]
        if not any(clock.is_running for clock in earlier):
            clocks.append(Clock(stage, fact.round, len(earlier) + 1, fact.at, choice))


def _meet(clock: Clock, fact: Fact) -> Clock:
    if not clock.is_running:
        return clock
    judged = None
    # A deadline made when it was met already has no such word.
    said = fact.details.get("judged", {}).get(clock.stage)
    if said is not None:
        due_at = said[0]
        judged = (datetime.fromisoformat(due_at) if due_at else None, said[1])
    return replace(clock, met_at=fact.at, met_by=fact.details.get("person_id"), judged=judged)


def _revive(clock: Clock, fact: Fact) -> Clock:
    if clock.met_at is None or fact.details.get("turn", clock.turn) != clock.turn:
        return clock
    return replace(clock, met_at=None, met_by=None, judged=None)


def _drop(clock: Clock, fact: Fact) -> Clock:
    return replace(clock, dropped_at=fact.at) if clock.is_running else clock


def _pause(clock: Clock, fact: Fact) -> Clock:
    if clock.state is not DeadlineState.OPEN:
        return clock
    return replace(clock, pauses=(*clock.pauses, (fact.at, None)))


def _resume(clock: Clock, fact: Fact) -> Clock:
    if clock.state is not DeadlineState.PAUSED:
        return clock
    return replace(clock, pauses=(*clock.pauses[:-1], (clock.pauses[-1][0], fact.at)))


def _extend(clock: Clock, fact: Fact) -> Clock:
    if not clock.is_running:
        return clock
    return replace(clock, agreed=(fact.at, datetime.fromisoformat(fact.details["due_at"])))


def _choose(clock: Clock, fact: Fact) -> Clock:
    return replace(clock, choice=Choice.of(fact.details)) if clock.is_running else clock


_CHANGES = {
    FactKind.MET: _meet,
    FactKind.REVIVED: _revive,
    FactKind.DROPPED: _drop,
    FactKind.PAUSED: _pause,
    FactKind.RESUMED: _resume,
    FactKind.EXTENDED: _extend,
    FactKind.CHOSEN: _choose,
}


class Surroundings(Protocol):
    """What the arithmetic needs to know beside the facts."""

    def rules(self, versions: tuple[int, ...]) -> Rules:
        """The rules made of those rows."""

    def calendar(self, unit_id: int, kind: CalendarKind) -> Calendar:
        """Day and night, or the unit's working hours."""

    def quiet(self, unit_id: int) -> tuple[time, time]:
        """From when until when the unit's people are left in peace."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What comes of a clock: minutes of counted time, and the date; None without one."""

    target_minutes: int | None
    due_at: datetime | None


def reckon(clock: Clock, around: Surroundings) -> Reckoning | None:
    """When it is due; None where its policy does not ask for the stage, or not at that urgency."""
    rule = around.rules(clock.choice.versions).stages.get(clock.stage)
    if clock.judged is not None:
        return None if rule is None else Reckoning(clock.judged[1], clock.judged[0])
    if rule is None:
        return None
    every_day = around.calendar(clock.choice.unit_id, CalendarKind.EVERY_DAY)
    target = rule.target(clock.choice.urgency, clock.started_at, every_day)
    if target is None:
        return Reckoning(None, None) if clock.stage is Stage.ZERO else None
    calendar = around.calendar(clock.choice.unit_id, target.calendar)
    length = length_from(calendar, clock.started_at, target.length)
    if clock.stage is Stage.SOLVE and clock.round > 1:
        length = length / REWORK_SHARE // _MINUTE * _MINUTE
    if clock.agreed is None:
        moment = due(calendar, clock.started_at, length, clock.pauses)
    else:
        agreed_at, until = clock.agreed
        length = used(calendar, clock.started_at, until, _before(clock.pauses, agreed_at))
        rest = calendar.elapsed(agreed_at, until)
        moment = due(calendar, agreed_at, rest, [p for p in clock.pauses if p[0] < until])
        # Agreed is the moment itself, also where no work is done at that hour, until a pause moves it.
        moment = until if moment == calendar.add(agreed_at, rest) else moment
    if moment is not None and clock.stage is Stage.SOLVE and clock.choice.limit is not None:
        moment = min(moment, clock.choice.limit)
    return Reckoning(length // _MINUTE, moment)


def _before(pauses: Sequence[Pause], moment: datetime) -> tuple[Pause, ...]:
    return tuple((p, moment if r is None else min(r, moment)) for p, r in pauses if p < moment)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder in time: its name, who is reminded, and when."""

    name: str
    level: Level
    at: datetime


@dataclass(frozen=True, slots=True)
class Climb:
    """What a ladder is made of: a running stage, since when its time counts, and its date."""

    stage: Stage
    versions: tuple[int, ...]
    urgency: str
    unit_id: int
    since: datetime
    due_at: datetime


def ladder(climb: Climb, around: Surroundings) -> list[Rung]:
    """The steps in the order of time, moved out of the quiet hours.

    Whatever is left to the morning comes at its first minute; what goes beyond the community comes
    in one digest at 08:30 of a working day. Of an emergency nothing waits.
    """
    rule = around.rules(climb.versions).stages.get(climb.stage)
    if rule is None:
        return []
    steps = rule.ladder or (EMERGENCY_LADDER if climb.urgency == EMERGENCY else LADDER)
    late = [Rung(f"late_{step.level}", step.level, _moment(climb, step, around)) for step in steps]
    return _in_time(climb, [*_shares(climb, rule, around), *late], around)


def next_rung(climb: Climb, at: datetime, around: Surroundings) -> Rung | None:
    """The first step after that moment; as long as it is a share, what comes late is not looked at."""
    rule = around.rules(climb.versions).stages.get(climb.stage)
    shares = [] if rule is None else _in_time(climb, _shares(climb, rule, around), around)
    coming = next((rung for rung in shares if rung.at > at), None)
    if coming is not None:
        return coming
    return next((rung for rung in ladder(climb, around) if rung.at > at), None)


def still_waiting(rungs: Sequence[Rung], step: str | None, since: datetime) -> Sequence[Rung]:
    """The rungs from that step on; where the ladder has it no longer, those that come since then."""
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
    """08:30 of the last working day before it is due."""
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
    """To the whole minute, so that what is of one minute can be one message."""
    rest = moment.replace(second=0, microsecond=0)
    return moment if rest == moment else rest + _MINUTE
