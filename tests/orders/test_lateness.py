"""Why a stage was late: said once, by whom it concerns, and changed by a leader alone."""

from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.audit import AuditRow
from app.kernel.database import session
from tests.orders.days import Day
from tests.orders.rows import refused
from tests.orders.stages import NOTE
from tests.orders.stories import read
from tests.world import World

pytestmark = pytest.mark.slow


def _said(world: World, who: str, order_id: int) -> dict[tuple[str, int], Any]:
    """The reasons in the order's answer, by stage and round, where there is one."""
    deadlines = read(world, who, f"/orders/{order_id}")["deadlines"]
    return {
        (one["stage"], one["round"]): (one["late_reason"], one["late_note"])
        for one in deadlines
        if one["late_reason"] or one["late_note"]
    }


def _late_solved(world: World, day: Day) -> int:
    """Claimed at once, done a day after its seven days."""
    order_id = int(world.claimed()["id"])
    day.go(days=8)
    world.act("member", order_id, "complete", note=NOTE)
    return order_id


def test_the_handler_says_why(world: World, day: Day) -> None:
    """Whoever works on it reads it; the resident does not."""
    order_id = _late_solved(world, day)
    body = {"stage": "solve", "reason": "material", "note": "灯管缺货"}
    answer = world.act("member", order_id, "lateness", **body)
    (solve,) = [one for one in answer["deadlines"] if one["stage"] == "solve"]
    assert (solve["state"], solve["late_reason"]) == ("missed", "material")
    assert _said(world, "dispatcher", order_id) == {("solve", 1): ("material", "灯管缺货")}
    assert _said(world, "resident", order_id) == {}


def test_asked_once_and_changed_by_a_leader(world: World, day: Day) -> None:
    """A change is audited, with what was said before."""
    order_id = _late_solved(world, day)
    path = f"/orders/{order_id}/lateness"
    world.act("dispatcher", order_id, "lateness", stage="solve", reason="material", note="缺货")
    for who in ("member", "dispatcher"):
        again = refused(world, who, path, stage="solve", reason="other")
        assert again == (409, "deadline.reason_given")
    world.act("leader", order_id, "lateness", stage="solve", reason="short_handed")
    assert _said(world, "dispatcher", order_id) == {("solve", 1): ("short_handed", None)}
    rows = session.scalars(select(AuditRow).where(AuditRow.action == "deadlines.reason_changed"))
    (row,) = rows
    assert (row.actor_id, row.subject_kind, row.subject_id) == (
        world.ids["leader"],
        "order",
        order_id,
    )
    assert (row.reason, row.fields) == ("等材料 → 人手不足", ["solve"])
    assert row.unit_id == world.community.id


def test_only_what_is_late(world: World, day: Day) -> None:
    """To the second of the date nothing is late; open past it, it is."""
    order_id = int(world.claimed()["id"])
    path, body = f"/orders/{order_id}/lateness", {"stage": "solve", "reason": "third_party"}
    day.go(days=7, minutes=-1)
    assert refused(world, "member", path, **body) == (409, "deadline.not_late")
    day.go(days=7)
    for stage in ("accept", "zero", "monthly", "acknowledge"):
        of_stage = refused(world, "member", path, stage=stage, reason="other")
        assert of_stage == (409, "deadline.not_late"), stage
    assert refused(world, "member", path, **body, round=2) == (409, "deadline.not_late")
    world.act("member", order_id, "lateness", **body)
    assert _said(world, "member", order_id) == {("solve", 1): ("third_party", None)}


def test_what_was_given_up_late_and_what_came_again(world: World, day: Day) -> None:
    """Nobody took it in four hours, it was recalled, and the second time it was late again."""
    order_id = int(world.order()["id"])
    path = f"/orders/{order_id}/lateness"
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    day.go(hours=2)
    world.act("dispatcher", order_id, "recall", reason="重新安排")
    given = refused(world, "dispatcher", path, stage="accept", reason="nobody")
    assert given == (409, "deadline.not_late")
    for at in (1, 2):
        day.go(days=at)
        world.act("dispatcher", order_id, "dispatch", mode="pool")
        day.go(days=at, hours=8)
        world.act("dispatcher", order_id, "recall", reason="重新安排")
    for reason in ("nobody", "short_handed"):
        world.act("dispatcher", order_id, "lateness", stage="accept", reason=reason)
    reasons = [
        one["late_reason"]
        for one in read(world, "dispatcher", f"/orders/{order_id}")["deadlines"]
        if one["stage"] == "accept"
    ]
    assert reasons == [None, "nobody", "short_handed"]
    again = refused(world, "dispatcher", path, stage="accept", reason="nobody")
    assert again == (409, "deadline.reason_given")


def test_what_was_given_to_somebody_else_and_then_given_up_late(world: World, day: Day) -> None:
    """It runs again from the moment at which it ended the first time."""
    order_id = int(world.order()["id"])
    member = {"mode": "direct", "assignee_id": world.ids["member"]}
    world.act("dispatcher", order_id, "dispatch", **member)
    day.go(hours=1)
    world.act("dispatcher", order_id, "reassign", mode="pool", reason="请别人办")
    day.go(days=1)
    world.act("dispatcher", order_id, "recall", reason="重新安排")
    world.act("dispatcher", order_id, "lateness", stage="accept", reason="nobody")
    assert _said(world, "dispatcher", order_id) == {("accept", 1): ("nobody", None)}


def test_an_earlier_round(world: World, day: Day) -> None:
    """The first lateness stays, and can be explained later."""
    order_id = _late_solved(world, day)
    world.act("resident", order_id, "rate", solved=False)
    path, body = f"/orders/{order_id}/lateness", {"stage": "solve", "reason": "misdirected"}
    assert refused(world, "dispatcher", path, **body) == (409, "deadline.not_late")
    world.act("dispatcher", order_id, "lateness", **body, round=1)
    assert _said(world, "dispatcher", order_id) == {("solve", 1): ("misdirected", None)}


def test_who_may_not(world: World, day: Day) -> None:
    """The requester, the duty person, who has handled nothing of it; a foreign order is none."""
    order_id = _late_solved(world, day)
    path, body = f"/orders/{order_id}/lateness", {"stage": "solve", "reason": "other"}
    for who in ("resident", "duty", "grid"):
        assert refused(world, who, path, **body) == (403, "order.not_allowed"), who
    for who in ("resident2", "member2", "other_dispatcher"):
        assert refused(world, who, path, **body) == (404, "not_found"), who


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"stage": "solve"},
        {"reason": "other"},
        {"stage": "solve", "reason": "weather"},
        {"stage": "lunch", "reason": "other"},
        {"stage": "solve", "reason": "other", "round": 0},
        {"stage": "solve", "reason": "other", "note": "长" * 501},
    ],
)
def test_bad_bodies(world: World, day: Day, body: dict[str, Any]) -> None:
    """Changes nothing."""
    order_id = _late_solved(world, day)
    assert refused(world, "member", f"/orders/{order_id}/lateness", **body)[0] == 422
