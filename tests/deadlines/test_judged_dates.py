"""What was met or missed keeps the date by which it was judged; only what is pending moves."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.deadlines.computing.states import FactKind
from app.deadlines.standing.models import Deadline, DeadlineFact
from app.deadlines.standing.rebuilding import differences
from app.kernel.database import session
from app.organisation.service import set_setting
from app.pasts.checking import check_facts
from tests.conftest import Clock
from tests.deadlines.changes import recompute_all
from tests.deadlines.ladders import at, sweep_all
from tests.orders.stages import NOTE
from tests.orders.stories import order_of, read, stage_of
from tests.world import SYSTEM, World

NOVEMBER = "from=2026-11-01&to=2026-11-30"
AFFAIRS = "/deadlines/policies/affairs"
Change = Callable[[World], None]


@pytest.fixture
def november(world: World, clock: Clock) -> dict[str, int]:
    """Five errands, all to be taken within four working hours and done within seven working days.

    On Monday the 2nd four are placed at 09:00 and dispatched at 10:00 (so to be taken until 16:00 and
    done until the 11th, 09:00). a: taken at 15:00, done on the 10th. b: taken at 15:00, and not done.
    c: taken on the 3rd at 09:00, late, done on the 12th, late. d: recalled on the 4th, which ends the
    late accepting. e: placed on Friday the 27th at 10:00, so it is due on 8 December.
    It is 2 December, 09:00.
    """
    world.lift_caps()
    about = {"category_id": world.categories["学业辅导"]}
    clock.set(at("11-02 09:00").isoformat())
    ids = {name: int(world.order(**about)["id"]) for name in "abcd"}
    clock.set(at("11-02 10:00").isoformat())
    for order_id in ids.values():
        world.act("dispatcher", order_id, "dispatch", mode="pool")
    clock.set(at("11-02 15:00").isoformat())
    world.act("member", ids["a"], "claim")
    world.act("member", ids["b"], "claim")
    clock.set(at("11-03 09:00").isoformat())
    world.act("member2", ids["c"], "claim")
    clock.set(at("11-04 09:00").isoformat())
    world.act("dispatcher", ids["d"], "recall", reason="没有人接")
    clock.set(at("11-10 15:00").isoformat())
    world.act("member", ids["a"], "complete", note=NOTE)
    clock.set(at("11-12 10:00").isoformat())
    world.act("member2", ids["c"], "complete", note=NOTE)
    clock.set(at("11-27 10:00").isoformat())
    ids["e"] = int(world.order(**about)["id"])
    clock.set(at("12-02 09:00").isoformat())
    sweep_all()
    return ids


def _figures(world: World) -> list[Any]:
    """All that is said of November: as a whole, by week, by category, by whoever handled it."""
    path = f"/reports/figures?unit_id={world.community.id}&{NOVEMBER}&by="
    return [read(world, "leader", path + by) for by in ("stage", "week", "category", "handler")]


def _put_days(world: World) -> None:
    """The 2nd to the 4th were holidays after all, and so is 4 December."""
    for day in ("2026-11-02", "2026-11-03", "2026-11-04", "2026-12-04"):
        read_as = world.get("district", "/deadlines/calendar/2026").headers["ETag"]
        body = {"kind": "holiday", "name": "停工一天"}
        path = f"/deadlines/calendar/2026/days/{day}"
        assert world.call("district", "PUT", path, body, If_Match=read_as).status_code == 200


def _publish(days: int) -> Change:
    def change(world: World) -> None:
        """Another number of days for solving, of reporting, and of hours for accepting."""
        held = read(world, "district", AFFAIRS)
        stages = [
            {"stage": "accept", "calendar": "working", "minutes": 60 * days},
            {"stage": "report", "calendar": "working", "days": days},
            {"stage": "solve", "calendar": "working", "days": days},
            {"stage": "zero"},
        ]
        answer = world.post("district", AFFAIRS, stages=stages, based_on=held["current_id"])
        assert answer.status_code == 201

    return change


def _drop_stages(world: World) -> None:
    """Nothing but solving is asked for any more."""
    held = read(world, "district", AFFAIRS)
    stages = [{"stage": "solve", "calendar": "working", "days": 8}]
    answer = world.post("district", AFFAIRS, stages=stages, based_on=held["current_id"])
    assert answer.status_code == 201


def _other_hours(world: World) -> None:
    """The community works in the mornings alone, on Saturdays too."""
    hours = {str(day): [["09:00", "12:00"]] for day in range(1, 7)}
    set_setting(SYSTEM, world.community.id, key="deadlines.hours", value=hours)
    session.commit()


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        # The 4th is off: 30 November, 1, 2, 3, 7, 8, 9 December.
        (_put_days, "12-09 10:00"),
        # 30 November, 1, 2 December; and until the 11th.
        (_publish(3), "12-02 10:00"),
        (_publish(10), "12-11 10:00"),
        (_drop_stages, "12-09 10:00"),
        # Six days a week: Saturday the 28th, Monday 30 November, 1 to 5 December.
        (_other_hours, "12-05 10:00"),
    ],
    ids=["calendar", "shorter", "longer", "fewer stages", "hours"],
)
def test_the_figures_of_a_closed_month_stand(
    world: World, november: dict[str, int], change: Change, moved: str
) -> None:
    """Whatever is changed afterwards, and whatever is done to the orders before it is computed."""
    before = _figures(world)
    assert before[0]["rows"], "nothing was counted"
    assert order_of(november["e"]).due_at == at("12-08 10:00")
    change(world)
    # An act between the change and the computing again finds the calendar of now.
    world.act(
        "member", november["b"], "suspend", reason="等教材", until=at("12-03 09:00").isoformat()
    )
    assert _figures(world) == before
    assert recompute_all() > 0
    assert _figures(world) == before
    assert order_of(november["e"]).due_at == at(moved)
    assert [one for order_id in november.values() for one in differences("order", order_id)] == []
    assert list(check_facts(november.values())) == []


def test_counted_by_hand(world: World, november: dict[str, int]) -> None:
    """So that the months above are not compared empty.

    accept: a 180 minutes, b 180, c 120 + 210 + 30 = 360 of 240. solve: a from the 2nd, 09:00, to the
    10th, 15:00: six days of 420 and 180 + 60, c seven days and an hour more.
    """
    rows = {row["stage"]: row for row in _figures(world)[0]["rows"]}
    accept, solve = rows["accept"], rows["solve"]
    counted = ("due", "on_time", "met_late", "ended_late", "open_late")
    assert [accept[name] for name in counted] == [4, 2, 1, 1, 0]
    assert (accept["used_minutes"], accept["left_minutes"]) == (240, 0)
    assert [solve[name] for name in counted] == [4, 1, 1, 0, 2]
    # (2520 + 240 + 2940 + 420 + 60) / 2 and what is left of 2940.
    assert (solve["used_minutes"], solve["left_minutes"]) == (3090, -150)


def _dates(world: World, order_id: int) -> dict[str, tuple[datetime, str]]:
    order = read(world, "dispatcher", f"/orders/{order_id}")
    rows = [stage_of(order, stage) for stage in ("accept", "report", "solve")]
    return {row["stage"]: (datetime.fromisoformat(row["due_at"]), row["state"]) for row in rows}


def test_amending_computes_all_of_it_again(world: World, november: dict[str, int]) -> None:
    """By the calendar of now: what was met, what was missed and what is pending; then it stands."""
    _put_days(world)
    recompute_all()
    judged = {
        "accept": (at("11-02 16:00"), "met"),
        "report": (at("11-03 09:00"), "missed"),
        "solve": (at("11-11 09:00"), "missed"),
    }
    assert _dates(world, november["b"]) == judged
    again = {"category_id": world.categories["学业辅导"], "reason": "就是这一类"}
    world.act("dispatcher", november["b"], "amend", **again)
    # It begins on the 5th at 08:30: 210 minutes until lunch, 30 after it; a working day; seven of them.
    anew = {
        "accept": (at("11-05 14:30"), "met"),
        "report": (at("11-06 08:30"), "missed"),
        "solve": (at("11-16 08:30"), "missed"),
    }
    assert _dates(world, november["b"]) == anew
    assert _dates(world, november["a"])["accept"] == judged["accept"]
    (chosen,) = session.scalars(
        select(DeadlineFact).where(
            DeadlineFact.subject_id == november["b"],
            DeadlineFact.kind == FactKind.CHOSEN,
            DeadlineFact.at == at("12-02 09:00"),
            DeadlineFact.details["anew"].as_boolean(),
        )
    )
    assert set(chosen.details["judged"]) == {"accept/1"}
    _change_back(world)
    recompute_all()
    assert _dates(world, november["b"]) == anew
    assert [*differences("order", november["b"]), *check_facts([november["b"]])] == []


def _change_back(world: World) -> None:
    read_as = world.get("district", "/deadlines/calendar/2026").headers["ETag"]
    path = "/deadlines/calendar/2026/days/2026-11-02"
    answer = world.call("district", "PUT", path, {"kind": "normal"}, If_Match=read_as)
    assert answer.status_code == 200


def test_another_urgency_is_judged_from_the_start(world: World, november: dict[str, int]) -> None:
    """Urgent accepting has a working hour: whoever took five was late by that; what ended stays."""
    order_id = november["b"]
    world.act("dispatcher", order_id, "amend", urgency="urgent", reason="孩子要考试")
    assert _dates(world, order_id)["accept"] == (at("11-02 11:00"), "missed")
    row = session.scalars(
        select(Deadline).where(Deadline.subject_id == order_id, Deadline.stage == "accept")
    ).one()
    assert (row.used_seconds, row.left_seconds) == (180 * 60, -120 * 60)
    ended = november["d"]
    before = _dates(world, ended)["accept"]
    world.act("dispatcher", ended, "amend", urgency="urgent", reason="孩子要考试")
    assert _dates(world, ended)["accept"] == before == (at("11-02 16:00"), "void")
    ids = (order_id, ended)
    assert [*(d for one in ids for d in differences("order", one)), *check_facts(ids)] == []


def test_a_date_that_passes_before_it_is_computed_was_pending(
    world: World, clock: Clock, november: dict[str, int]
) -> None:
    """Judged is by the moment of the change, not by when the job comes to it."""
    _put_days(world)
    clock.set(at("12-08 11:00").isoformat())
    recompute_all()
    assert order_of(november["e"]).due_at == at("12-09 10:00")


def test_what_falls_due_at_the_moment_of_the_change_was_missed(
    world: World, clock: Clock, november: dict[str, int]
) -> None:
    """A date that has come is over."""
    clock.set(at("12-08 10:00").isoformat())
    _put_days(world)
    recompute_all()
    assert order_of(november["e"]).due_at == at("12-08 10:00")
