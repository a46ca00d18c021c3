"""Kept along the way, told all at once, or computed anew from the facts: it is the same."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.deadlines.computing.clocks import ANEW, Fact
from app.deadlines.computing.states import DayKind, DeadlineState, FactKind, Stage
from app.deadlines.standing.behind import CHANGES
from app.deadlines.standing.following import Subject, fact_of, follow, write_past
from app.deadlines.standing.models import Deadline, DeadlineFact, DeadlineStep, Recomputation
from app.deadlines.standing.rebuilding import COMPARED, differences
from app.deadlines.terms.settings import WORKING_HOURS
from app.deadlines.terms.surroundings import choice
from app.kernel.database import session
from app.kernel.database.fast.kept import mark_changed
from app.organisation.service import set_setting
from tests.conftest import Clock
from tests.deadlines.changes import change_day, publish_days, recompute_all
from tests.deadlines.ladders import at
from tests.world import SYSTEM, World

KIND = "thing"
POLICIES = ("ordinary_13710", "danger", "affairs", "enquiry", "medicine_same_day", "general_7d")
# Those of working hours, and one of natural days.
WORKING = ("affairs", "enquiry", "general_7d", "ordinary_13710")
URGENCIES = ("normal", "urgent", "emergency")
SHORT_DAYS = {"1": [["09:00", "11:00"]], "3": [["13:00", "20:00"]], "6": [["00:00", "24:00"]]}

stages = st.lists(st.sampled_from(Stage), min_size=1, max_size=5, unique=True).map(tuple)
kinds = st.sampled_from(
    [kind for kind in FactKind if kind is not FactKind.STARTED] + [FactKind.STARTED]
)
steps = st.lists(
    st.tuples(kinds, stages, st.integers(1, 4000), st.sampled_from(URGENCIES), st.booleans()),
    max_size=9,
)


def _facts(
    world: World, policy: str, start: datetime, later: list[tuple[Any, ...]]
) -> list[tuple[Fact, str]]:
    """A beginning, and what comes after it; with each the policy that holds then."""
    units = (world.community.id, world.other_community.id)
    first = choice(policy, "normal", units[0])
    told = [(Fact(FactKind.STARTED, start, 1, tuple(Stage), first.as_details()), policy)]
    moment = start
    for kind, of_stages, minutes, urgency, elsewhere in later:
        moment += timedelta(minutes=minutes, seconds=minutes % 60)
        details: dict[str, Any] = {}
        if kind in (FactKind.STARTED, FactKind.CHOSEN):
            details = choice(policy, urgency, units[elsewhere]).as_details()
            if kind is FactKind.CHOSEN and minutes % 2:
                details[ANEW] = True
        elif kind is FactKind.EXTENDED:
            details = {"due_at": (moment + timedelta(minutes=3 * minutes)).isoformat()}
        elif kind is FactKind.MET:
            details = {"person_id": world.ids["member"]}
        told.append((Fact(kind, moment, 1, of_stages, details), policy))
    return told


@pytest.fixture
def hours(world: World) -> World:
    """The other community works at odd hours."""
    set_setting(SYSTEM, world.other_community.id, key="deadlines.hours", value=SHORT_DAYS)
    session.commit()
    return world


@pytest.mark.slow
def test_the_same_by_three_ways(hours: World, clock: Clock) -> None:
    """400 generated lives of a subject, by several policies, urgencies and working hours."""
    world = hours
    seen: set[FactKind] = set()

    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(policy=st.sampled_from(POLICIES), minute=st.integers(0, 60 * 24 * 40), later=steps)
    def check(policy: str, minute: int, later: list[tuple[Any, ...]]) -> None:
        start = at("12-10 00:00") + timedelta(minutes=minute)
        told = [fact for fact, _ in _facts(world, policy, start, later)]
        along, at_once = (Subject(KIND, number, 1, policy) for number in (1, 2))
        for number, fact in enumerate(told):
            clock.set(fact.at.isoformat())
            dates = follow(along, [fact], is_new=number == 0)
        (same,) = write_past([(at_once, told)])
        assert dates == same
        assert _kept(1) == _kept(2)
        assert list(differences(KIND, 1)) == list(differences(KIND, 2)) == []
        seen.update(fact.kind for fact in told)
        for table in (DeadlineStep, Deadline, DeadlineFact):
            session.execute(delete(table))

    check()
    assert seen == set(FactKind)


changes = st.tuples(
    st.sampled_from(["day", "policy", "hours"]),
    # Days from the start; and the number of days for the policy.
    st.integers(0, 8),
    st.sampled_from([DayKind.HOLIDAY, *DayKind, None]),
    st.booleans(),
)
# Most stages are let alone, so that some are late when something is changed.
few = st.lists(st.sampled_from(Stage), min_size=1, max_size=2, unique=True).map(tuple)
lives = st.lists(
    st.one_of(
        st.tuples(kinds, few, st.integers(300, 4000), st.sampled_from(URGENCIES), st.booleans()),
        changes,
    ),
    min_size=4,
    max_size=12,
)


@pytest.mark.slow
def test_what_is_judged_stands_whatever_is_changed(hours: World, clock: Clock) -> None:
    """150 lives between changes of calendar, policy and hours, computed again at once or later.

    No change moves what was met, dropped or missed by then, and the facts alone give what is kept.
    """
    world = hours
    moved: set[str] = set()

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(policy=st.sampled_from(WORKING), minute=st.integers(0, 60 * 24 * 9), life=lives)
    def check(policy: str, minute: int, life: list[tuple[Any, ...]]) -> None:
        for table in (DeadlineStep, Deadline, DeadlineFact, Recomputation):
            session.execute(delete(table))
        mark_changed(CHANGES)
        session.commit()
        start = at("11-02 00:00") + timedelta(minutes=minute)
        subject = Subject(KIND, 1, 1, policy)
        moment, ((first, _),) = start, _facts(world, policy, start, [])
        clock.set(moment.isoformat())
        follow(subject, [first], is_new=True)
        # What must not move: judged by the first change since all was computed, or over by now.
        stood: Judged = {}
        behind = False
        for step in life:
            if len(step) == 5:
                (_, (fact, _)) = _facts(world, policy, moment, [step])
                moment = fact.at
                clock.set(moment.isoformat())
                follow(subject, [fact])
                stood = {key: dates for key, dates in stood.items() if key[0] not in fact.stages}
                assert stood.items() <= _dates(_rows()).items()
                continue
            moment += timedelta(hours=step[1])
            clock.set(moment.isoformat())
            stood |= _judged(None if behind else moment)
            before, behind = _dates(_rows()), True
            _change(world, policy, start, step)
            if step[3]:
                recompute_all()
                now_kept = _dates(_rows())
                assert stood.items() <= now_kept.items()
                if now_kept != before:
                    moved.add(step[0])
                stood, behind = {}, False
        recompute_all()
        told = session.execute(select(DeadlineFact.__table__).order_by(DeadlineFact.id)).all()
        write_past([(Subject(KIND, 2, 1, policy), [fact_of(row) for row in told])])
        assert _kept(1) == _kept(2)
        assert list(differences(KIND, 1)) == list(differences(KIND, 2)) == []

    check()
    # Every kind of change has moved what was pending, or the test would prove little.
    assert moved == {"day", "policy", "hours"}


def _change(world: World, policy: str, start: datetime, step: tuple[Any, ...]) -> None:
    what, number, kind, _ = step
    if what == "day":
        change_day(f"{start + timedelta(days=number):%Y-%m-%d}", kind)
    elif what == "policy":
        publish_days(policy, solve=number + 1, report=number + 1)
    else:
        value = SHORT_DAYS if kind is None else WORKING_HOURS
        set_setting(SYSTEM, world.community.id, key="deadlines.hours", value=value)
        session.commit()


Key = tuple[Stage, int]
Judged = dict[Key, tuple[Any, ...]]


def _rows() -> dict[Key, Any]:
    rows = session.execute(select(Deadline.__table__).where(Deadline.subject_id == 1))
    return {(row.stage, row.turn): row for row in rows}


def _dates(rows: dict[Key, Any]) -> Judged:
    return {
        key: (row.due_at, row.target_minutes, row.used_seconds, row.left_seconds)
        for key, row in rows.items()
    }


def _judged(moment: datetime | None) -> Judged:
    """What is over, and what is late at that moment."""
    over = (DeadlineState.MET, DeadlineState.DROPPED)
    return _dates(
        {
            key: row
            for key, row in _rows().items()
            if row.state in over
            or (moment is not None and row.due_at is not None and row.due_at <= moment)
        }
    )


def _kept(subject_id: int) -> list[tuple[Any, ...]]:
    rows = session.scalars(
        select(Deadline)
        .where(Deadline.subject_kind == KIND, Deadline.subject_id == subject_id)
        .order_by(Deadline.stage, Deadline.turn)
    )
    return [
        (row.stage, row.turn, *(getattr(row, name) for name in COMPARED))
        for row in rows
        # What a choice asks for no longer is kept as ended; told all at once it never was.
        if row.state.value != "dropped"
    ]
