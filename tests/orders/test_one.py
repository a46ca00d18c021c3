"""One order on its own: what it offers to do, its parts, what was asked for, what comes back bare."""

from datetime import datetime
from typing import Any

import pytest

from app.categories.models import Category
from app.kernel.database import session
from app.orders.ticket.states import RESIDENT_WORDS, STAFF_WORDS, OrderStatus
from app.people.models import Person
from tests.conftest import Clock
from tests.orders.rows import heard, last_message, later, local_morning
from tests.orders.stages import STAGES, claimed, completed, submitted
from tests.orders.stories import code_of, events_for, order_of, public_order, read, stage_of
from tests.statements import sent
from tests.world import World

pytestmark = pytest.mark.slow
GAS = "燃气泄漏"


def _offers(world: World, who: str, order_id: int) -> set[str]:
    return set(read(world, who, f"/orders/{order_id}")["actions"])


# --- what it offers


def test_claiming_needs_the_skill(world: World) -> None:
    """Without it the pool shows the order and does not offer it."""
    order = public_order(world)
    world.act("dispatcher", order, "dispatch", mode="pool")
    assert "claim" in _offers(world, "member", order)
    session.get_one(Person, world.ids["member"]).skills = ["保洁"]
    session.commit()
    assert code_of(world, "member", order, "claim") == (403, "order.skill_missing")
    assert "claim" not in _offers(world, "member", order)


def test_joining_once(world: World) -> None:
    """A member sees it in the pool, joins, and is not asked to join again."""
    order = public_order(world)
    world.act("dispatcher", order, "dispatch", mode="pool")
    assert "join" in _offers(world, "member", order)
    world.act("member", order, "join")
    assert "join" not in _offers(world, "member", order)


def test_only_what_was_reported_is_confirmed(world: World, clock: Clock) -> None:
    """Nobody confirms a missed visit of which nobody has spoken."""
    clock.set(local_morning().isoformat())
    order = claimed(world)
    assert "confirm_no_show" not in _offers(world, "dispatcher", order)
    world.act("member", order, "appoint", at=later(hours=1))
    clock.set(local_morning(hour=11).isoformat())
    world.act("resident", order, "not_come")
    assert "confirm_no_show" in _offers(world, "dispatcher", order)


def test_a_divided_matter_is_not_settled(world: World) -> None:
    """While others do their part; then it may be again."""
    order = submitted(world)
    assert "settle" in _offers(world, "dispatcher", order)
    world.act("dispatcher", order, "split", parts=[{"unit_id": world.community.id, "task": "查"}])
    assert "settle" not in _offers(world, "dispatcher", order)


@pytest.mark.parametrize(
    ("stage", "who", "action", "body"),
    [
        (claimed, "resident", "cancel", {}),
        (claimed, "member", "suspend", {"reason": "等配件", "until": "+10"}),
        (submitted, "dispatcher", "transfer", {"reason": "不归我们"}),
        (submitted, "dispatcher", "report_up", {"reason": "办不了"}),
    ],
)
def test_what_waits_is_not_asked_for_again(
    world: World, stage: Any, who: str, action: str, body: dict[str, Any]
) -> None:
    """Until it is answered; staff and who has asked do not find it among their actions."""
    order = stage(world)
    assert action in _offers(world, who, order)
    if "until" in body:
        body = body | {"until": later(days=10)}
    if action == "transfer":
        body = body | {"unit_id": world.other_community.id}
    asked = world.act(who, order, action, **body)["requests"][-1]
    assert (asked["state"], action in _offers(world, who, order)) == ("pending", False)
    decider = {"transfer": "other_dispatcher", "report_up": "street"}.get(action, "leader")
    path = f"/orders/{order}/requests/{asked['id']}/refuse"
    assert world.post(decider, path, reason="不行").status_code == 200
    assert action in _offers(world, who, order)


def test_urging_rests(world: World, clock: Clock) -> None:
    """A day long it would be refused; the next day it is offered again."""
    clock.set(local_morning().isoformat())
    order = submitted(world)
    assert "urge" in _offers(world, "resident", order)
    world.act("resident", order, "urge")
    assert "urge" not in _offers(world, "resident", order)
    clock.set(later(days=1))
    assert "urge" in _offers(world, "resident", order)


def test_nobody_is_missed_before_the_time(world: World, clock: Clock) -> None:
    """From the appointed time on, once, and again when the desk has found that somebody came."""
    clock.set(local_morning().isoformat())
    order = claimed(world)
    assert "not_come" not in _offers(world, "resident", order)
    world.act("member", order, "appoint", at=later(hours=1))
    assert "not_come" not in _offers(world, "resident", order)
    clock.set(later(hours=1))
    assert "not_come" in _offers(world, "resident", order)
    world.act("resident", order, "not_come")
    assert "not_come" not in _offers(world, "resident", order)
    world.act("dispatcher", order, "confirm_no_show", confirmed=False, note="来过，敲门没人应")
    assert "not_come" in _offers(world, "resident", order)


def test_a_later_date_is_asked_for_once_and_in_time(world: World, clock: Clock) -> None:
    """The handler waits for the answer, the dispatcher may extend meanwhile; overdue nobody may."""
    clock.set(local_morning().isoformat())
    order = claimed(world)
    world.act("member", order, "extend", due_at=later(days=9), reason="等材料")
    assert "extend" not in _offers(world, "member", order)
    assert "extend" in _offers(world, "dispatcher", order)
    clock.set(later(days=8))
    assert "extend" not in _offers(world, "dispatcher", order)


def test_a_home_visit_is_completed_after_its_code(world: World) -> None:
    """Until it is entered the answer to 提交办结 is known."""
    order = world.order(category_id=world.categories["代取药"])["id"]
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["grid"])
    assert "complete" not in _offers(world, "grid", order)
    world.act("grid", order, "start", visit_code=order_of(order).visit_code)
    assert "complete" in _offers(world, "grid", order)


def test_a_list_costs_no_statement_more(world: World) -> None:
    """What is looked up for one order is not looked up for twenty."""
    world.lift_caps()
    orders = [public_order(world) for _ in range(2)]
    for order in orders:
        world.act("dispatcher", order, "dispatch", mode="pool")
    counts = []
    for limit in (1, 2):
        with sent() as heard_of:
            assert len(read(world, "member", f"/orders?limit={limit}")["items"]) == limit
        counts.append(len(heard_of.statements))
        assert not heard_of.about("order_followers")
    assert counts[0] == counts[1]


# --- what it shows


@pytest.mark.parametrize("status", list(OrderStatus))
def test_the_promise_stands_as_the_stage_does(
    world: World, clock: Clock, status: OrderStatus
) -> None:
    """The resident is told the same as the staff: in time, missed, standing still or void."""
    clock.set(local_morning().isoformat())
    order = STAGES[status](world)
    for days in (0, 40):
        clock.set(later(days=days))
        promise = stage_of(read(world, "resident", f"/orders/{order}"), "solve")
        known = stage_of(read(world, "dispatcher", f"/orders/{order}"), "solve")
        assert (promise["state"], promise["due_at"]) == (known["state"], known["due_at"])


def test_a_parent_names_its_parts(world: World) -> None:
    """To staff, each part that they see; to nobody else."""
    parts = [
        {"unit_id": world.other_community.id, "task": "查西园一侧"},
        {"assignee_id": world.ids["grid"], "task": "现场拍照"},
    ]
    order = submitted(world)
    assert read(world, "dispatcher", f"/orders/{order}")["children"] == []
    children = world.act("dispatcher", order, "split", parts=parts)["children"]
    assert [(c["task"], c["status"], c["unit"]["name"]) for c in children] == [
        ("查西园一侧", "submitted", "西园社区"),
        ("现场拍照", "claimed", "东风社区"),
    ]
    assert [c["number"] for c in children] == [order_of(c["id"]).number for c in children]

    def seen(who: str) -> list[str]:
        return [c["task"] for c in read(world, who, f"/orders/{order}")["children"]]

    assert seen("street") == ["查西园一侧", "现场拍照"]
    assert seen("leader") == ["现场拍照"]
    assert seen("resident") == []


def test_staff_read_who_is_asked(world: World) -> None:
    """In lists too, masked, and only while it waits; the requester is not told who might come."""
    order = submitted(world)
    to = {"mode": "direct", "assignee_id": world.ids["member"]}
    given = world.act("dispatcher", order, "dispatch", **to)
    assert given["offered_to"] == {"id": world.ids["member"], "name": "测******"}
    for who, knows in (("duty", True), ("street", True), ("member", True), ("resident", False)):
        (listed,) = read(world, who, "/orders")["items"]
        assert (listed["offered_to"] is not None) is knows, who
    assert world.act("member", order, "claim")["offered_to"] is None


def test_the_date_asked_for(world: World) -> None:
    """`until` is when the request lapses, `wanted_at` the date asked for."""
    order = claimed(world)
    until, due_at = later(days=10), later(days=5)
    waits = world.act("member", order, "suspend", reason="等配件", until=until)["requests"][-1]
    assert datetime.fromisoformat(waits["wanted_at"]) == _whole(until)
    assert waits["until"] != waits["wanted_at"]
    longer = world.act("member", order, "extend", reason="等材料", due_at=due_at)["requests"][-1]
    assert datetime.fromisoformat(longer["wanted_at"]) == _whole(due_at)
    world.act("resident", order, "cancel")
    assert read(world, "resident", f"/orders/{order}")["requests"][-1]["wanted_at"] is None


def _whole(moment: str) -> datetime:
    """To the millisecond, as the API answers."""
    at = datetime.fromisoformat(moment)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def test_an_emergency_tells_what_to_do_first(world: World) -> None:
    """In the answer to the placing; to its requester alone, and of emergencies alone."""
    category = session.get_one(Category, world.categories[GAS])
    told = (category.stop_message, category.resident_text)
    assert all(told)
    order = world.order(category_id=category.id)
    assert (order["stop_message"], order["resident_text"]) == told
    seen = read(world, "dispatcher", f"/orders/{order['id']}")
    assert (seen["stop_message"], seen["resident_text"]) == (None, None)
    lamp = world.order(category_id=world.categories["路灯楼道灯"])
    assert (lamp["stop_message"], lamp["resident_text"]) == (None, None)


# --- what comes back to the desk


def _given(world: World) -> int:
    order = submitted(world)
    ids = world.ids
    to = {"mode": "direct", "assignee_id": ids["member"], "task": "换灯管"}
    world.act("dispatcher", order, "dispatch", **to)
    return order


def _bare(order_id: int) -> bool:
    found = order_of(order_id)
    return (found.mode, found.task, found.dispatched_at) == (None, None, None)


def test_what_comes_back_is_bare(world: World) -> None:
    """Recalled, declined, transferred or begun anew: nothing of how it was given out."""
    order = _given(world)
    assert world.act("dispatcher", order, "recall", reason="重来")["task"] is None
    assert _bare(order)
    order = _given(world)
    world.act("member", order, "decline", reason="没空")
    assert _bare(order)
    order = _given(world)
    body = {"unit_id": world.other_community.id, "reason": "不归我们"}
    asked = world.act("dispatcher", order, "transfer", **body)["requests"][-1]["id"]
    assert (
        world.post("other_dispatcher", f"/orders/{order}/requests/{asked}/agree").status_code == 200
    )
    assert _bare(order)
    order = _given(world)
    world.act("member", order, "claim")
    world.act("member", order, "complete", note="好了。")
    world.act("resident", order, "rate", solved=False)
    assert _bare(order)


def test_a_part_keeps_its_task(world: World) -> None:
    """It is nothing else."""
    order = submitted(world)
    parts = [{"assignee_id": world.ids["grid"], "task": "现场拍照"}]
    (part,) = world.act("dispatcher", order, "split", parts=parts)["children"]
    assert world.act("dispatcher", part["id"], "recall", reason="换人")["task"] == "现场拍照"


def test_a_merged_order_says_why(world: World) -> None:
    """`reason` as elsewhere; a note beside it is kept too."""
    root, first, second = (submitted(world) for _ in range(3))
    world.act("dispatcher", first, "merge", into_id=root, reason="同一盏灯")
    assert events_for(world, "dispatcher", first)[-1]["note"] == "同一盏灯"
    world.act("dispatcher", second, "merge", into_id=root, reason="同一盏灯", note="已电话说明")
    last = events_for(world, "dispatcher", second)[-1]
    assert (last["note"], last["details"]["note"]) == ("同一盏灯", "已电话说明")


def test_an_emergency_that_is_unmerged_pages(world: World) -> None:
    """Whoever is on duty answers for it as for a new one."""
    root, order = (world.order(category_id=world.categories[GAS])["id"] for _ in range(2))
    world.act("dispatcher", order, "merge", into_id=root)
    since = last_message()
    world.act("dispatcher", order, "unmerge", reason="不是一家")
    assert ("duty", "emergency") in heard(world, order, since)
    assert ("dispatcher", "new") not in heard(world, order, since)


# --- in whose words


def test_residents_are_refused_in_their_words(world: World) -> None:
    """The state as it is told to them; staff read their own words."""
    order = completed(world)
    said = {}
    for who, action, body in (
        ("resident", "urge", {}),
        ("member", "progress", {"note": "又去看了一次，都好。"}),
        ("dispatcher", "recall", {"reason": "重来"}),
    ):
        answer = world.post(who, f"/orders/{order}/{action}", **body)
        assert answer.status_code in (403, 409), (who, answer.json)
        said[who] = (answer.json or {})["detail"]
    completed_state = OrderStatus.COMPLETED
    assert said["resident"] == f"工单现在是“{RESIDENT_WORDS[completed_state]}”，不能催单。"
    assert said["dispatcher"] == f"工单现在是“{STAFF_WORDS[completed_state]}”，不能收回。"


def test_every_state_has_both_words() -> None:
    """None is left to be told in nobody's words."""
    assert set(RESIDENT_WORDS) == set(STAFF_WORDS) == set(OrderStatus)


def test_what_one_page_asks_is_found_by_indexes(world: World) -> None:
    """Of other tables too: a condition that no index knows costs a second among a million orders."""
    order_id = claimed(world)
    session.commit()
    with sent() as asked:
        read(world, "dispatcher", f"/orders/{order_id}")
    plans = asked.plans("orders") + asked.plans("order_") + asked.plans("deadlines")
    assert "orders" in plans
    for table in ("orders", "order_assignees", "order_contacts", "deadlines", "no_shows"):
        assert f"SCAN {table}" not in plans.split("\n"), table
        assert f"Seq Scan on {table}" not in plans, table
