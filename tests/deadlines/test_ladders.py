"""Who is reminded when: the order of the steps, the quiet hours, the mornings, emergencies."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deadlines.computing.ladders import Climb, Rung, ladder
from app.deadlines.computing.states import ABOVE, Level, Stage
from tests.deadlines.around import Around, moment, office
from tests.deadlines.strategies import DAY, MINUTE, PROOF, SECOND, Plan, seconds, working_plans

NIGHTS = [("21:30", "07:30"), ("22:00", "06:00"), ("21:00", "08:00"), ("12:00", "14:00")]
# Three with the shipped ladder, three with their own.
STAGES: list[dict[str, Any]] = [
    {"stage": "solve", "days": 7},
    {"stage": "solve", "calendar": "working", "minutes": 240, "shares": [10, 55, 99]},
    {"stage": "solve", "calendar": "working", "same_day": True},
    {
        "stage": "solve",
        "minutes": 60,
        "ladder": [{"level": "up_2"}, {"level": "handler", "days": 1}],
    },
    {
        "stage": "solve",
        "days": 1,
        "ladder": [{"level": "up_1", "minutes": 90}, {"level": "leader"}],
    },
    {
        "stage": "solve",
        "days": 3,
        "shares": [20],
        "ladder": [{"level": "desk", "calendar": "every_day", "minutes": 1}],
    },
]
_spans = st.integers(60, 2 * 86400).map(lambda number: number * SECOND)
_nights = st.sampled_from([tuple(map(time.fromisoformat, night)) for night in NIGHTS])


def rungs_of(
    plan: Plan,
    stage: Mapping[str, Any],
    urgency: str,
    since: datetime,
    due_at: datetime,
    night: Any,
) -> list[Rung]:
    """The ladder of a stage by that calendar."""
    climb = Climb(Stage.SOLVE, (1,), urgency, 1, since, due_at)
    return ladder(climb, Around([stage], plan.calendar, night))


def is_quiet(night: tuple[time, time], clock: time) -> bool:
    """Whether the unit's people are left in peace."""
    since, until = night
    return since <= clock < until if since < until else clock >= since or clock < until


def up(at: datetime) -> datetime:
    """To the whole minute."""
    return at + (MINUTE - at.second * SECOND if at.second else timedelta())


@PROOF
@given(working_plans, st.sampled_from(STAGES), seconds, _spans, st.integers(1, 5), _nights)
def test_steps_come_in_order_and_leave_people_in_peace(
    plan: Plan,
    stage: dict[str, Any],
    offset: timedelta,
    span: timedelta,
    times: int,
    night: tuple[time, time],
) -> None:
    """Whole minutes; above the community 08:30 of a working day, below it no quiet hour."""
    since = plan.near + offset
    due_at = since + times * span
    rungs = rungs_of(plan, stage, "normal", since, due_at, night)
    assert [rung.at for rung in rungs] == sorted(rung.at for rung in rungs)
    assert len({rung.name for rung in rungs}) == len(rungs)
    named = {step["level"] for step in stage.get("ladder", ())}
    named = named or {"desk", "leader", "up_1", "up_2"}
    assert {rung.name for rung in rungs if rung.name.startswith("late")} == {
        f"late_{n}" for n in named
    }
    for rung in rungs:
        local = rung.at.astimezone(plan.zone)
        assert (local.second, local.microsecond) == (0, 0)
        if rung.level in ABOVE:
            assert local.time() == time(8, 30)
            assert plan.is_worked(local.date())
        else:
            assert not is_quiet(night, local.time())
        if rung.name.startswith("late"):
            assert rung.at >= due_at
        elif rung.name.startswith("share"):
            assert rung.at > since


@PROOF
@given(working_plans, seconds, _spans, st.integers(1, 5), _nights)
def test_nothing_waits_longer_than_it_must(
    plan: Plan, offset: timedelta, span: timedelta, times: int, night: tuple[time, time]
) -> None:
    """Due goes out at once or when the quiet ends; the day's reminder on the last working day."""
    since = plan.near + offset
    due_at = since + times * span
    rungs = {r.name: r.at for r in rungs_of(plan, STAGES[0], "normal", since, due_at, night)}
    asked, sent = (at.astimezone(plan.zone) for at in (up(due_at), rungs["late_desk"]))
    if is_quiet(night, asked.time()):
        assert sent.time() == night[1]
        assert sent - asked < DAY
    else:
        assert sent == asked
    assert ("last_day" in rungs) is (due_at - since > DAY)
    assert ("share_80" in rungs) is (due_at - since <= DAY)
    if "last_day" in rungs:
        morning = rungs["last_day"].astimezone(plan.zone)
        assert morning.time() == time(8, 30)
        assert plan.is_worked(morning.date())
        assert morning < due_at
        day = morning.date() + DAY
        while datetime.combine(day, time(8, 30), plan.zone) < due_at:
            assert not plan.is_worked(day)
            day += DAY


@PROOF
@given(working_plans, seconds, _spans, st.integers(1, 5), _nights)
def test_nothing_of_an_emergency_waits(
    plan: Plan, offset: timedelta, span: timedelta, times: int, night: tuple[time, time]
) -> None:
    """Day and night: due, and 5, 10 and 30 minutes after; shares where they fall."""
    since = plan.near + offset
    due_at = since + times * span
    rungs = {r.name: r.at for r in rungs_of(plan, STAGES[0], "emergency", since, due_at, night)}
    late = {"late_desk": 0, "late_leader": 5, "late_up_1": 10, "late_up_2": 30}
    for name, after in late.items():
        assert rungs[name] == up(due_at + after * MINUTE)
    halfway = since + (due_at - since) / 2
    assert halfway <= rungs["share_50"] < halfway + MINUTE


@pytest.mark.parametrize(
    ("due_at", "expected"),
    [
        (
            # Half of seven days is the 24th, 10:00; the 27th is the last working day.
            "05-27 22:00",
            {
                "share_50": "05-24 10:00",
                "last_day": "05-27 08:30",
                "late_desk": "05-28 07:30",
                "late_leader": "05-28 14:30",
                "late_up_1": "05-29 08:30",
                "late_up_2": "06-02 08:30",
            },
        ),
        (
            # Half of 62 hours is 05:00. Due on a Saturday: the leader after four hours of Monday.
            "05-23 12:00",
            {
                "share_50": "05-22 07:30",
                "last_day": "05-22 08:30",
                "late_desk": "05-23 12:00",
                "late_leader": "05-25 14:30",
                "late_up_1": "05-26 08:30",
                "late_up_2": "05-28 08:30",
            },
        ),
    ],
)
def test_two_ladders_by_hand(due_at: str, expected: dict[str, str]) -> None:
    """The shipped ladder from Wednesday 20 May 22:00, in the shipped hours."""
    since = moment("05-20 22:00")
    climb = Climb(Stage.SOLVE, (1,), "normal", 1, since, moment(due_at))
    rungs = {r.name: r.at for r in ladder(climb, Around([STAGES[0]], office()))}
    assert rungs == {name: moment(text) for name, text in expected.items()}


def test_the_last_half_minute_before_the_quiet_is_quiet() -> None:
    """Rounded up to the minute it would come in the night."""
    climb = Climb(Stage.SOLVE, (1,), "normal", 1, moment("05-20 20:00"), moment("05-20 21:29:30"))
    rungs = {r.name: r.at for r in ladder(climb, Around([STAGES[0]], office()))}
    assert rungs["late_desk"] == moment("05-21 07:30")


def test_levels_as_shipped() -> None:
    """One who must act, the desk, the leader, the street, the district; unknown stages have none."""
    climb = Climb(Stage.SOLVE, (1,), "normal", 1, moment("05-20 09:00"), moment("05-20 10:00"))
    around = Around([STAGES[0]], office())
    assert [rung.level for rung in ladder(climb, around)] == [
        Level.HANDLER,
        Level.HANDLER,
        Level.DESK,
        Level.LEADER,
        Level.UP_1,
        Level.UP_2,
    ]
    assert ladder(climb, Around([{"stage": "report", "days": 1}], office())) == []
