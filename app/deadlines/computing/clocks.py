"""From facts to clocks, and from clocks to dates. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Protocol

from app.deadlines.computing.arithmetic import Pause, due, length_from, used
from app.deadlines.computing.calendar import Calendar
from app.deadlines.computing.rules import Rules, Target
from app.deadlines.computing.states import (
    REWORK_SHARE,
    CalendarKind,
    DeadlineState,
    FactKind,
    Stage,
)

_MINUTE = timedelta(minutes=1)
# In the details of a fact: that what was met is judged again too; dates that stand; time spent.
ANEW, JUDGED, SPENT = "anew", "judged", "spent"


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


# A date that stands whatever the calendar says later, and the target in minutes.
Judged = tuple[datetime | None, int | None]


@dataclass(frozen=True, slots=True)
class Clock:
    """One stage of one round, the n-th time that it runs.

    `judged` is the date by which it was judged when it was met or dropped, and `spent` the seconds of
    counted time that it had used and left when it was met. `missed` is the date that had passed
    already when the policy or the calendar was changed.
    """

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
    dropped_at: datetime | None = None
    judged: Judged | None = None
    spent: tuple[int, int] | None = None
    missed: Judged | None = None

    @property
    def key(self) -> str:
        """Stage and turn, as facts name a clock among several of one stage."""
        return f"{self.stage}/{self.turn}"

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

    def target(self, around: "Surroundings") -> Target | None:
        """How long the stage may take, as its policy says for its urgency and its start; or None."""
        rule = around.rules(self.choice.versions).stages.get(self.stage)
        every_day = around.calendar(self.choice.unit_id, CalendarKind.EVERY_DAY)
        return (
            None if rule is None else rule.target(self.choice.urgency, self.started_at, every_day)
        )

    @property
    def is_running(self) -> bool:
        """Neither met nor dropped."""
        return self.met_at is None and self.dropped_at is None


def replay(facts: Iterable[Fact]) -> list[Clock]:
    """All clocks that the facts have started, in the order of their starts."""
    clocks: list[Clock] = []
    for fact in facts:
        _apply(clocks, fact)
    return clocks


def note(clocks: list[Clock], fact: Fact, around: "Surroundings") -> Fact:
    """Applies a new fact to the clocks; answers it with the dates by which it judges them."""
    noted = _with_dates(clocks, fact, around)
    _apply(clocks, noted)
    return noted


def _apply(clocks: list[Clock], fact: Fact) -> None:
    if fact.kind is FactKind.STARTED:
        _start(clocks, fact)
        return
    change = _CHANGES[fact.kind]
    for number, clock in enumerate(clocks):
        if clock.round == fact.round and clock.stage in fact.stages:
            clocks[number] = change(clock, fact)


def _with_dates(clocks: Iterable[Clock], fact: Fact, around: "Surroundings") -> Fact:
    if JUDGED in fact.details:
        return fact
    named = [c for c in clocks if c.round == fact.round and c.stage in fact.stages]
    judging: dict[str, Clock] = {}
    if fact.kind is FactKind.MET:
        judging = {c.stage: replace(c, met_at=fact.at) for c in named if c.is_running}
    elif fact.kind is FactKind.DROPPED:
        judging = {c.stage: c for c in named if c.is_running}
    elif fact.kind is FactKind.CHOSEN and fact.details.get(ANEW):
        chosen = Choice.of(fact.details)
        judging = {
            c.key: replace(c, choice=chosen, judged=None, spent=None, missed=None)
            for c in named
            # What another unit has met before it passed the subject on stays as it was judged there.
            if c.met_at is not None and c.choice.unit_id == chosen.unit_id
        }
    dates = {key: reckon(clock, around) for key, clock in judging.items()}
    judged = {key: found.as_judged() for key, found in dates.items() if found is not None}
    if not judged:
        return fact
    spent = {
        key: [found.used_seconds, found.left_seconds]
        for key, found in dates.items()
        if found is not None and found.used_seconds is not None
    }
    return replace(fact, details={**fact.details, JUDGED: judged, SPENT: spent})


def _said(fact: Fact, name: str, clock: Clock) -> list[Any] | None:
    """What a fact says of that clock; the key is the stage, or the stage with its turn."""
    said = fact.details.get(name, {})
    found: list[Any] | None = said.get(clock.key, said.get(clock.stage))
    return found


def _judgement(fact: Fact, clock: Clock) -> Judged | None:
    said = _said(fact, JUDGED, clock)
    if said is None:
        return None
    return (datetime.fromisoformat(said[0]) if said[0] else None, said[1])


def _spent_by(fact: Fact, clock: Clock) -> tuple[int, int] | None:
    said = _said(fact, SPENT, clock)
    return None if said is None else (said[0], said[1])


def _start(clocks: list[Clock], fact: Fact) -> None:
    choice = Choice.of(fact.details)
    for stage in fact.stages:
        earlier = [c for c in clocks if (c.stage, c.round) == (stage, fact.round)]
        if not any(clock.is_running for clock in earlier):
            clocks.append(Clock(stage, fact.round, len(earlier) + 1, fact.at, choice))


def _meet(clock: Clock, fact: Fact) -> Clock:
    if not clock.is_running:
        return clock
    return replace(
        clock,
        met_at=fact.at,
        met_by=fact.details.get("person_id"),
        judged=_judgement(fact, clock),
        spent=_spent_by(fact, clock),
    )


def _revive(clock: Clock, fact: Fact) -> Clock:
    if clock.met_at is None or fact.details.get("turn", clock.turn) != clock.turn:
        return clock
    due_at = clock.judged[0] if clock.judged else None
    # The date has passed meanwhile: it is missed by the date by which it was judged.
    missed = clock.judged if due_at is not None and due_at <= fact.at else clock.missed
    return replace(clock, met_at=None, met_by=None, judged=None, spent=None, missed=missed)


def _drop(clock: Clock, fact: Fact) -> Clock:
    if not clock.is_running:
        return clock
    return replace(clock, dropped_at=fact.at, judged=_judgement(fact, clock))


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
    agreed = (fact.at, datetime.fromisoformat(fact.details["due_at"]))
    return replace(clock, agreed=agreed, missed=None)


def _choose(clock: Clock, fact: Fact) -> Clock:
    """A date that the fact names stands; what else runs is computed by the new choice."""
    if clock.dropped_at is not None:
        return clock
    judged = _judgement(fact, clock)
    if clock.met_at is None:
        if judged is not None:
            return replace(clock, missed=judged)
        return replace(clock, choice=Choice.of(fact.details), missed=None)
    if judged is None:
        return clock
    chosen = Choice.of(fact.details)
    return replace(clock, choice=chosen, judged=judged, spent=_spent_by(fact, clock), missed=None)


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
    """What comes of a clock: minutes of counted time and the date; None without one.

    Of a clock that was met also the seconds of counted time that it had used, and those that it had
    left; less than none is late.
    """

    target_minutes: int | None
    due_at: datetime | None
    used_seconds: int | None = None
    left_seconds: int | None = None

    def as_judged(self) -> list[Any]:
        """The date and the minutes, as a fact keeps them."""
        return [self.due_at.isoformat() if self.due_at else None, self.target_minutes]


def reckon(clock: Clock, around: Surroundings) -> Reckoning | None:
    """When it is due; None where its policy does not ask for the stage, or not at that urgency."""
    rule = around.rules(clock.choice.versions).stages.get(clock.stage)
    if rule is None:
        return None
    stands = clock.judged or clock.missed
    if stands is not None and (clock.met_at is None or clock.spent is not None):
        return Reckoning(stands[1], stands[0], *(clock.spent or ()))
    target = clock.target(around)
    if stands is not None:
        found = Reckoning(stands[1], stands[0])
    elif target is not None:
        found = _computed(clock, target, around)
    else:
        return Reckoning(None, None) if clock.stage is Stage.ZERO else None
    if target is None or found.due_at is None or clock.met_at is None:
        return found
    calendar = around.calendar(clock.choice.unit_id, target.calendar)
    used_, left = spent(calendar, clock, found.due_at, clock.met_at)
    return replace(found, used_seconds=_seconds(used_), left_seconds=_seconds(left))


def spent(
    calendar: Calendar, clock: Clock, due_at: datetime, at: datetime
) -> tuple[timedelta, timedelta]:
    """Counted time outside the pauses: used since the start, and left until it is due.

    Less than nothing is left of what is late.
    """
    until_now, until_due = (
        used(calendar, clock.started_at, moment, clock.pauses) for moment in (at, due_at)
    )
    return until_now, until_due - until_now


def _seconds(length: timedelta) -> int:
    return round(length.total_seconds())


def _computed(clock: Clock, target: Target, around: Surroundings) -> Reckoning:
    """By the policy and the calendar of now."""
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
