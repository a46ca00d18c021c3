"""Kept along the way, told all at once, or computed anew from the facts: it is the same."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.deadlines.clocks import Fact
from app.deadlines.models import Deadline, DeadlineFact, DeadlineStep
from app.deadlines.queries.surroundings import choice
from app.deadlines.service.following import Subject, follow, write_past
from app.deadlines.service.rebuilding import COMPARED, differences
from app.deadlines.states import FactKind, Stage
from app.kernel.database import session
from app.organisation.service import set_setting
from tests.conftest import Clock
from tests.deadlines.ladders import at
from tests.world import SYSTEM, World

KIND = "thing"
POLICIES = ("ordinary_13710", "danger", "affairs", "enquiry", "medicine_same_day", "general_7d")
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
