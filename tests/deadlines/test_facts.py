"""What a history of facts makes of the clocks, whatever its order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.deadlines.computing.clocks import Choice, Clock, Fact, note, reckon, replay
from app.deadlines.computing.rules import read_stages
from app.deadlines.computing.states import DeadlineState, FactKind, Stage
from tests.deadlines.around import Around, office
from tests.deadlines.strategies import PROOF

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
STAGES = (Stage.ARRANGE, Stage.REPORT, Stage.SOLVE)
RULES: list[dict[str, Any]] = [
    {"stage": "arrange", "calendar": "working", "minutes": 60},
    {"stage": "report", "days": 3},
    {
        "stage": "solve",
        "calendar": "working",
        "days": 7,
        "urgent": {"calendar": "working", "days": 2},
    },
]
AROUND = Around(RULES, office())


def fact(kind: FactKind, at: datetime, *stages: Stage, round_: int = 1, **details: Any) -> Fact:
    """A fact; what is started or chosen has a choice."""
    if kind in (FactKind.STARTED, FactKind.CHOSEN):
        details = Choice((1,), "normal", 1).as_details() | details
    return Fact(kind, at, round_, stages or STAGES, details)


_SETS = [stages for size in (1, 2, 3) for stages in combinations(STAGES, size)]
_SHAPES = [
    (k, s, r) for k in (FactKind.STARTED, FactKind.MET, *FactKind) for s in _SETS for r in (1, 2)
]


def _history(shapes: list[tuple[tuple[FactKind, tuple[Stage, ...], int], int]]) -> list[Fact]:
    facts: list[Fact] = []
    at = MONDAY
    for (kind, stages, round_), number in shapes:
        at += timedelta(minutes=number)
        details: dict[str, Any] = {}
        if kind is FactKind.EXTENDED:
            details["due_at"] = (at + timedelta(hours=number - 50)).isoformat()
        if kind is FactKind.REVIVED:
            details["turn"] = number % 3 + 1
        if kind is FactKind.CHOSEN:
            details["urgency"] = "urgent" if number % 2 else "normal"
        facts.append(fact(kind, at, *stages, round_=round_, **details))
    return facts


# Two rounds of anything after anything, in the order of time; a revival names its turn.
histories = st.lists(
    st.tuples(st.sampled_from(_SHAPES), st.integers(0, 900)), min_size=1, max_size=20
).map(_history)


def after(facts: list[Fact]) -> datetime:
    """Later than all of them."""
    return facts[-1].at + timedelta(minutes=1)


def by_name(clocks: list[Clock]) -> dict[tuple[int, Stage, int], Clock]:
    """By round, stage and turn."""
    found = {(clock.round, clock.stage, clock.turn): clock for clock in clocks}
    assert len(found) == len(clocks)
    return found


@PROOF
@given(histories)
def test_turns_count_up(facts: list[Fact]) -> None:
    """One after the other for each stage of each round, from the first."""
    clocks = replay(facts)
    for round_ in (1, 2):
        for stage in STAGES:
            turns = [c for c in clocks if (c.round, c.stage) == (round_, stage)]
            assert [clock.turn for clock in turns] == list(range(1, len(turns) + 1))
            assert all(a.started_at <= b.started_at for a, b in pairwise(turns))
    starts = [f for f in facts if f.kind is FactKind.STARTED]
    assert {(f.round, s) for f in starts for s in f.stages} == {(c.round, c.stage) for c in clocks}


@PROOF
@given(histories)
def test_any_history_has_dates(facts: list[Fact]) -> None:
    """Whatever stands still has none, and everything else has one; pauses are apart."""
    for clock in replay(facts):
        reckoned = reckon(clock, AROUND)
        assert reckoned is not None
        assert reckoned.target_minutes is not None
        if clock.state is DeadlineState.OPEN and clock.agreed is None:
            assert reckoned.due_at is not None
            assert reckoned.due_at > clock.started_at
        if reckoned.due_at is None:
            assert clock.pauses[-1][1] is None
        moments = [moment for pause in clock.pauses for moment in pause]
        assert None not in moments[:-1]
        assert all(a <= b for a, b in pairwise(m for m in moments if m is not None))


@PROOF
@given(histories, st.sampled_from(STAGES))
def test_met_twice_counts_once(facts: list[Fact], stage: Stage) -> None:
    """The first one says when and by whom."""
    at = after(facts)
    first = fact(FactKind.MET, at, stage, person_id=1)
    second = fact(FactKind.MET, at + timedelta(days=1), stage, person_id=2)
    once = replay([*facts, first])
    assert replay([*facts, first, second]) == once
    assert not any(clock.is_running for clock in once if (clock.round, clock.stage) == (1, stage))
    was_running = [c for c in replay(facts) if c.is_running and (c.round, c.stage) == (1, stage)]
    assert len([c for c in once if c.met_at == at and c.met_by == 1]) == len(was_running)


@PROOF
@given(histories, st.integers(1, 3))
def test_a_revival_takes_back_only_what_was_met(facts: list[Fact], turn: int) -> None:
    """As if it had never been; nothing else is touched."""
    at = after(facts)
    before = by_name(replay(facts))
    revived = by_name(replay([*facts, fact(FactKind.REVIVED, at, Stage.SOLVE, turn=turn)]))
    name = (1, Stage.SOLVE, turn)
    for other, clock in before.items():
        if other != name or clock.met_at is None:
            assert revived[other] == clock
        else:
            assert (revived[other].met_at, revived[other].met_by) == (None, None)
            assert revived[other].dropped_at == clock.dropped_at
            assert revived[other].pauses == clock.pauses
    running = [
        clock for clock in before.values() if clock.is_running and clock.stage is Stage.SOLVE
    ]
    met = fact(FactKind.MET, at, Stage.SOLVE, person_id=1, judged={"solve": [None, 3]})
    for clock in (clock for clock in running if clock.round == 1):
        back = fact(FactKind.REVIVED, at, Stage.SOLVE, turn=clock.turn)
        again = by_name(replay([*facts, met, back]))
        assert again[1, Stage.SOLVE, clock.turn] == clock


@PROOF
@given(histories)
def test_a_fact_is_about_its_round_and_its_stages(facts: list[Fact]) -> None:
    """Whatever it is, the others stay as they were."""
    at = after(facts)
    before = by_name(replay(facts))
    for kind in FactKind:
        new = fact(kind, at, Stage.REPORT, round_=2, due_at=at.isoformat())
        changed = by_name(replay([*facts, new]))
        for name, clock in before.items():
            if name[:2] != (2, Stage.REPORT):
                assert changed[name] == clock


@PROOF
@given(histories)
def test_what_is_over_stays_as_it_was(facts: list[Fact]) -> None:
    """Only a revival changes what was met, and nothing what was dropped."""
    at = after(facts)
    over = {n: clock for n, clock in by_name(replay(facts)).items() if not clock.is_running}
    for kind in FactKind:
        new = fact(kind, at, due_at=at.isoformat(), urgency="urgent")
        changed = by_name(replay([*facts, new]))
        for name, clock in over.items():
            if kind is not FactKind.REVIVED or clock.met_at is None:
                assert changed[name] == clock


def test_a_revival_is_of_one_turn() -> None:
    """Of two that were met the one that it names."""
    facts: list[Fact] = []
    for number in range(2):
        at = MONDAY + timedelta(days=number)
        facts.append(fact(FactKind.STARTED, at, Stage.ARRANGE))
        facts.append(fact(FactKind.MET, at + timedelta(hours=1), Stage.ARRANGE))
    facts.append(fact(FactKind.REVIVED, after(facts), Stage.ARRANGE, turn=1))
    assert [clock.state for clock in replay(facts)] == [DeadlineState.OPEN, DeadlineState.MET]


def test_each_fact_does_what_it_says() -> None:
    """Started, paused, resumed, extended, chosen, dropped, started again, met."""
    hours = [MONDAY + timedelta(hours=number) for number in range(9)]
    facts = [
        fact(FactKind.STARTED, hours[0], Stage.SOLVE),
        fact(FactKind.STARTED, hours[0], Stage.SOLVE),
        fact(FactKind.PAUSED, hours[1], Stage.SOLVE),
        fact(FactKind.PAUSED, hours[2], Stage.SOLVE),
        fact(FactKind.RESUMED, hours[3], Stage.SOLVE),
        fact(FactKind.RESUMED, hours[4], Stage.SOLVE),
        fact(FactKind.EXTENDED, hours[4], Stage.SOLVE, due_at=hours[8].isoformat()),
        fact(FactKind.CHOSEN, hours[5], Stage.SOLVE, urgency="urgent"),
        fact(FactKind.DROPPED, hours[6], Stage.SOLVE),
        fact(FactKind.STARTED, hours[7], Stage.SOLVE),
        fact(FactKind.MET, hours[8], Stage.SOLVE, person_id=7, judged={"solve": [None, 3]}),
    ]
    first, second = replay(facts)
    assert first.pauses == ((hours[1], hours[3]),)
    assert first.agreed == (hours[4], hours[8])
    assert first.counts_since == hours[4]
    assert first.choice.urgency == "urgent"
    assert first.state is DeadlineState.DROPPED
    assert first.dropped_at == hours[6]
    assert (second.turn, second.started_at, second.state) == (2, hours[7], DeadlineState.MET)
    assert (second.met_at, second.met_by, second.judged) == (hours[8], 7, (None, 3))
    reckoned = reckon(second, AROUND)
    assert reckoned is not None
    assert (reckoned.target_minutes, reckoned.due_at) == (3, None)


def test_a_stage_without_a_target_has_no_date() -> None:
    """And a stage that the policy does not know has no deadline."""
    (clock,) = replay([fact(FactKind.STARTED, MONDAY, Stage.ZERO)])
    reckoned = reckon(clock, Around([{"stage": "zero"}], office()))
    assert reckoned is not None
    assert (reckoned.target_minutes, reckoned.due_at) == (None, None)
    assert reckon(clock, AROUND) is None


def test_another_urgency_keeps_what_was_used() -> None:
    """The target is another one; the pauses and the start are the same."""
    start = fact(FactKind.STARTED, MONDAY, Stage.SOLVE)
    pause = fact(FactKind.PAUSED, MONDAY + timedelta(hours=1), Stage.SOLVE)
    resumed = fact(FactKind.RESUMED, MONDAY + timedelta(hours=2), Stage.SOLVE)
    chosen = fact(FactKind.CHOSEN, MONDAY + timedelta(days=1), Stage.SOLVE, urgency="urgent")
    (clock,) = replay([start, pause, resumed, chosen])
    reckoned = reckon(clock, AROUND)
    assert read_stages(RULES)[Stage.SOLVE].targets["urgent"].rough_minutes == 840
    assert reckoned is not None
    # Monday 09:00 and two working days: Wednesday 09:00; the hour that stood still: 10:00.
    assert reckoned.due_at == MONDAY + timedelta(days=2, hours=1)


def _judged(clock: Clock) -> Any:
    reckoned = reckon(clock, AROUND)
    assert reckoned is not None
    return reckoned.target_minutes, reckoned.due_at


def test_a_date_that_stands_stands() -> None:
    """What was missed is not computed any more, until another date is agreed or all of it is chosen
    anew."""
    hours = [MONDAY + timedelta(days=20, hours=number) for number in range(5)]
    missed = {"judged": {"solve/1": [(MONDAY + timedelta(days=3)).isoformat(), 77]}}
    start = fact(FactKind.STARTED, MONDAY, Stage.SOLVE)
    stands = [start, fact(FactKind.CHOSEN, hours[0], Stage.SOLVE, **missed)]
    held = (77, MONDAY + timedelta(days=3))
    (clock,) = replay(stands)
    assert (_judged(clock), clock.choice.urgency, clock.state) == (held, "normal", "open")
    pause = fact(FactKind.PAUSED, hours[1], Stage.SOLVE)
    met = fact(FactKind.MET, hours[2], Stage.SOLVE, judged={"solve": [held[1].isoformat(), 77]})
    back = fact(FactKind.REVIVED, hours[3], Stage.SOLVE)
    for more in ([pause], [met], [met, back], [pause, met, back]):
        assert [_judged(clock) for clock in replay([*stands, *more])] == [held]
    chosen = fact(FactKind.CHOSEN, hours[1], Stage.SOLVE, urgency="urgent")
    (clock,) = replay([*stands, chosen])
    # Two working days of 420 minutes.
    assert _judged(clock) == (840, MONDAY + timedelta(days=2))
    agreed = fact(FactKind.EXTENDED, hours[1], Stage.SOLVE, due_at=hours[4].isoformat())
    (clock,) = replay([*stands, agreed])
    assert _judged(clock)[1] == hours[4]


def test_what_was_done_in_time_and_is_taken_back_late() -> None:
    """Its date has passed meanwhile: it is missed by that date; else it runs on and may move."""
    due_at = MONDAY + timedelta(days=2)
    facts = [
        fact(FactKind.STARTED, MONDAY, Stage.SOLVE),
        fact(FactKind.MET, MONDAY, Stage.SOLVE, judged={"solve": [due_at.isoformat(), 5]}),
    ]
    for moment, stands in ((due_at, True), (due_at - timedelta(minutes=1), False)):
        (clock,) = replay([*facts, fact(FactKind.REVIVED, moment, Stage.SOLVE)])
        assert (clock.missed == (due_at, 5)) is stands
        assert (_judged(clock) == (5, due_at)) is stands


def test_new_facts_are_given_their_dates() -> None:
    """Met and dropped ones the date of that moment, a choice that is made anew those of what was
    met; of a unit that has passed it on nothing is judged again."""
    clocks: list[Clock] = []
    for number, made in enumerate(
        [
            fact(FactKind.STARTED, MONDAY),
            fact(FactKind.MET, MONDAY + timedelta(hours=2), Stage.ARRANGE),
            fact(FactKind.STARTED, MONDAY + timedelta(hours=2), Stage.ARRANGE),
            fact(FactKind.DROPPED, MONDAY + timedelta(hours=3), Stage.REPORT),
            fact(FactKind.CHOSEN, MONDAY + timedelta(hours=4), anew=True, urgency="urgent"),
            fact(FactKind.CHOSEN, MONDAY + timedelta(hours=4), anew=True, unit_id=2),
            fact(FactKind.CHOSEN, MONDAY + timedelta(hours=4), urgency="urgent"),
        ]
    ):
        noted = note(clocks, made, AROUND)
        said = [noted.details.get(name) for name in ("judged", "spent")]
        assert said == _DATED[number], made.kind
        assert replace(noted, details=made.details) == made


_ARRANGED = [(MONDAY + timedelta(hours=1)).isoformat(), 60]
_DATED: list[list[Any]] = [
    [None, None],
    # An hour of two was late.
    [{"arrange": _ARRANGED}, {"arrange": [7200, -3600]}],
    [None, None],
    [{"report": [(MONDAY + timedelta(days=3)).isoformat(), 3 * 1440]}, {}],
    [{"arrange/1": _ARRANGED}, {"arrange/1": [7200, -3600]}],
    [None, None],
    [None, None],
]
