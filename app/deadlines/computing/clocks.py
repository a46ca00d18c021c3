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
# Keys in the details of a fact: stages that were met are judged again; dates that stand; time spent.
ANEW, JUDGED, SPENT = "anew", "judged", "spent"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to stages of a subject in one of its rounds."""

    kind: FactKind
    at: datetime
    round: int
    stages: tuple[Stage, ...]
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """The terms by which the date of a stage is computed.

    `versions` are the ids of the policy's rows, `unit_id` is the unit whose hours count, and `limit` is
    a date that a superior has imposed.
    """

    versions: tuple[int, ...]
    urgency: str
    unit_id: int
    limit: datetime | None = None

    def as_details(self) -> dict[str, Any]:
        """The choice as JSON for the details of a fact."""
        return {
            "versions": list(self.versions),
            "urgency": self.urgency,
            "unit_id": self.unit_id,
            "limit": self.limit.isoformat() if self.limit else None,
        }

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "Choice":
        """The choice from the details of a fact."""
        limit = details.get("limit")
        return cls(
            tuple(details["versions"]),
            details["urgency"],
            details["unit_id"],
            datetime.fromisoformat(limit) if limit else None,
        )


# A date that stands, whatever the calendar says later, and its target in minutes.
Judged = tuple[datetime | None, int | None]


@dataclass(frozen=True, slots=True)
class Clock:
    """One run of a stage in a round; `turn` counts the runs of that stage from 1.

    `judged` is the date by which the run was judged when it was met or dropped. `spent` are the
    seconds of counted time that were used and left when it was met. `missed` is a date that had
    passed when the policy or the calendar was changed.
    """

    stage: Stage
    round: int
    turn: int
    started_at: datetime
    choice: Choice
    pauses: tuple[Pause, ...] = ()
    # When people agreed on another date, and that date.
    agreed: tuple[datetime, datetime] | None = None
    met_at: datetime | None = None
    met_by: int | None = None
    dropped_at: datetime | None = None
    judged: Judged | None = None
    spent: tuple[int, int] | None = None
    missed: Judged | None = None

    @property
    def key(self) -> str:
        """Stage and turn, by which a fact names one clock among several of a stage."""
        return f"{self.stage}/{self.turn}"

    @property
    def state(self) -> DeadlineState:
        """Whether the clock runs, is paused, was met or was dropped."""
        if self.met_at is not None:
            return DeadlineState.MET
        if self.dropped_at is not None:
            return DeadlineState.DROPPED
        paused = bool(self.pauses) and self.pauses[-1][1] is None
        return DeadlineState.PAUSED if paused else DeadlineState.OPEN

    @property
    def counts_since(self) -> datetime:
        """From when shares of the time count.

        That is the start or the agreement on another date, or the end of the last pause if it is
        later.
        """
        since = self.started_at if self.agreed is None else self.agreed[0]
        resumed = self.pauses[-1][1] if self.pauses else None
        return since if resumed is None else max(since, resumed)

    def target(self, around: "Surroundings") -> Target | None:
        """The target for the urgency and the time of the start; None if the policy has none."""
        rule = around.rules(self.choice.versions).stages.get(self.stage)
        every_day = around.calendar(self.choice.unit_id, CalendarKind.EVERY_DAY)
        return (
            None if rule is None else rule.target(self.choice.urgency, self.started_at, every_day)
        )

    @property
    def is_running(self) -> bool:
        """Whether the clock was neither met nor dropped; a paused clock is running."""
        return self.met_at is None and self.dropped_at is None


def replay(facts: Iterable[Fact]) -> list[Clock]:
    """All clocks that the facts have started, in the order of their starts."""
    clocks: list[Clock] = []
    for fact in facts:
        _apply(clocks, fact)
    return clocks


def note(clocks: list[Clock], fact: Fact, around: "Surroundings") -> Fact:
    """Applies a new fact to the clocks, in place; answers the fact with the dates that it judges by."""
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
            # A stage that another unit met before it passed the subject on stays as it was judged.
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
    """The entry of a clock in a fact's details, by the clock's key or by its stage alone."""
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
    # If its date has passed since, the stage is missed by that date.
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
    """If the fact names a date for the clock, that date stands; else a running clock is computed anew."""
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
    """The rules, calendars and quiet hours that dates are computed with."""

    def rules(self, versions: tuple[int, ...]) -> Rules:
        """The rules that the rows with these ids make."""

    def calendar(self, unit_id: int, kind: CalendarKind) -> Calendar:
        """The calendar of that kind at the unit."""

    def quiet(self, unit_id: int) -> tuple[time, time]:
        """From when until when people of the unit get no reminders, in local time."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The result for a clock: the target in counted minutes, and the date.

    Both are None for a stage without a date; during a pause only the date is None. For a clock that
    was met also the seconds of counted time that were used and left then; a negative rest is late.
    """

    target_minutes: int | None
    due_at: datetime | None
    used_seconds: int | None = None
    left_seconds: int | None = None

    def as_judged(self) -> list[Any]:
        """The date and the target as JSON for the details of a fact."""
        return [self.due_at.isoformat() if self.due_at else None, self.target_minutes]


def reckon(clock: Clock, around: Surroundings) -> Reckoning | None:
    """Computes a clock; None if its policy lacks the stage, or a target for the urgency."""
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
    """The counted time outside the pauses from the start to `at`, and from `at` to the date.

    The second is negative if `at` is later than the date.
    """
    until_now, until_due = (
        used(calendar, clock.started_at, moment, clock.pauses) for moment in (at, due_at)
    )
    return until_now, until_due - until_now


def _seconds(length: timedelta) -> int:
    return round(length.total_seconds())


def _computed(clock: Clock, target: Target, around: Surroundings) -> Reckoning:
    """The date by the policy and the calendar of now."""
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
        # The agreed moment holds even outside the hours, unless a pause has moved it.
        moment = until if moment == calendar.add(agreed_at, rest) else moment
    if moment is not None and clock.stage is Stage.SOLVE and clock.choice.limit is not None:
        moment = min(moment, clock.choice.limit)
    return Reckoning(length // _MINUTE, moment)


def _before(pauses: Sequence[Pause], moment: datetime) -> tuple[Pause, ...]:
    return tuple((p, moment if r is None else min(r, moment)) for p, r in pauses if p < moment)
