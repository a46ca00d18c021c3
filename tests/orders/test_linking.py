"""合并、附议、留言: orders that go together, and words about them."""

from datetime import timedelta
from typing import Any

import pytest

from app.kernel.clock import now
from app.kernel.database import session
from app.orders.linking.joining import still_not_solved
from app.orders.linking.merging import outcome_hearers, release_root
from app.orders.ticket.models import OrderAssignee, OrderFollower
from app.orders.ticket.states import OPEN, OrderStatus
from tests.conftest import Clock
from tests.orders.stories import (
    PUBLIC,
    actions_of,
    assert_sound,
    code_of,
    do,
    events_for,
    order_of,
    public_order,
    read,
    refused,
    told,
)
from tests.world import World

LATER = "2030-01-01T00:00:00+08:00"


def merged(world: World, **body: Any) -> tuple[int, int]:
    """An order of resident, merged into one of resident2: (order, root)."""
    root = world.order("resident2", **body)["id"]
    order = world.order("resident", **body)["id"]
    world.act("dispatcher", order, "merge", into_id=root, note="同一盏灯。")
    return order, root


def test_merging_makes_an_order_follow_its_root(world: World) -> None:
    order, root = merged(world)
    assert order_of(order).status is OrderStatus.MERGED
    assert order_of(order).merged_into_id == root
    assert told(world, "resident", "merged", order) == 1
    assert actions_of(order)[-1] == "merge"
    assert actions_of(root)[-1] == "merge"
    # Each requester keeps the own text and sees nothing of the other's.
    assert read(world, "resident", f"/orders/{order}")["merged_into_id"] == root
    assert world.get("resident", f"/orders/{root}").status_code == 404
    assert_sound(order, root)


def test_a_held_order_that_is_merged_frees_its_handler(world: World) -> None:
    root = world.order("resident2")["id"]
    order = world.claimed("member")["id"]
    world.act("resident", order, "cancel", reason="不用了")
    world.act("dispatcher", order, "merge", into_id=root)
    assert order_of(order).holder_id is None
    assert told(world, "member", "recalled", order) == 1
    # What was asked for is void, and the time of handling has ended.
    (request,) = read(world, "dispatcher", f"/orders/{order}")["requests"]
    assert request["state"] == "lapsed"
    (handling,) = session.query(OrderAssignee).filter(OrderAssignee.order_id == order)
    assert handling.until is not None
    assert read(world, "member", "/orders?mine=claimed")["items"] == []


def test_what_was_merged_into_an_order_moves_along(world: World) -> None:
    first, second = merged(world)
    third = world.order("resident2")["id"]
    world.act("dispatcher", second, "merge", into_id=third)
    assert order_of(first).merged_into_id == third
    assert order_of(second).merged_into_id == third
    assert actions_of(first)[-2:] == ["merge", "merge"]
    assert told(world, "resident", "merged", first) == 2
    assert_sound(first, second, third)


@pytest.mark.parametrize("smaller_first", [True, False])
def test_no_circle_can_be_merged(world: World, *, smaller_first: bool) -> None:
    ids = sorted((world.order("resident")["id"], world.order("resident2")["id"]))
    order, root = ids if smaller_first else reversed(ids)
    world.act("dispatcher", order, "merge", into_id=root)
    assert code_of(world, "dispatcher", root, "merge", into_id=order) == (
        409,
        "order.root_not_open",
    )
    assert code_of(world, "dispatcher", order, "merge", into_id=root) == (
        409,
        "order.action_not_allowed",
    )


def test_only_an_open_root_of_the_same_unit_takes_an_order(world: World) -> None:
    order = world.order("resident")["id"]
    closed = world.order("resident2")["id"]
    world.act("resident2", closed, "cancel")
    elsewhere = world.order("other_resident")["id"]
    ask = "dispatcher", order, "merge"
    assert code_of(world, *ask, into_id=order) == (422, "order.merge_into_itself")
    assert code_of(world, *ask, into_id=closed) == (409, "order.root_not_open")
    assert code_of(world, *ask, into_id=elsewhere) == (422, "order.into_unknown")
    assert code_of(world, *ask, into_id=999_999) == (422, "order.into_unknown")
    assert code_of(world, "street", order, "merge", into_id=elsewhere) == (
        409,
        "order.other_unit",
    )
    assert code_of(world, "resident", order, "merge", into_id=closed) == (403, "order.not_allowed")
    assert code_of(world, "other_dispatcher", order, "merge", into_id=closed)[0] == 404
    assert order_of(order).status is OrderStatus.SUBMITTED


def test_the_root_is_as_urgent_and_as_early_as_what_follows_it(world: World) -> None:
    root = world.order("resident2")["id"]
    order = world.order("resident")["id"]
    due = now() + timedelta(hours=5)
    world.act("dispatcher", order, "amend", reason="有老人", urgency="urgent")
    world.act(
        "dispatcher",
        order,
        "dispatch",
        mode="pool",
        due_at=due.isoformat(),
    )
    world.act("dispatcher", order, "merge", into_id=root)
    assert order_of(root).urgency == "urgent"
    assert order_of(root).next_due_at == order_of(root).due_at == due


def test_unmerging_within_30_days(world: World, clock: Clock) -> None:
    clock.set("2027-03-01T09:00:00+08:00")
    order, root = merged(world)
    other, _ = merged(world)
    clock.set("2027-03-31T08:00:00+08:00")
    world.act("dispatcher", order, "unmerge", reason="不是同一盏灯")
    assert order_of(order).status is OrderStatus.SUBMITTED
    assert order_of(order).merged_into_id is None
    assert told(world, "resident", "unmerged", order) == 1
    clock.set("2027-03-31T10:00:00+08:00")
    assert code_of(world, "dispatcher", other, "unmerge", reason="不是") == (
        409,
        "order.too_late_to_unmerge",
    )
    assert_sound(order, root, other)


def test_the_requesters_reopen_takes_a_merged_order_off(world: World) -> None:
    order, root = merged(world)
    assert code_of(world, "resident", order, "unmerge", reason="我的不一样")[0] == 403
    world.act("resident", order, "reopen", reason="我的不一样")
    assert order_of(order).status is OrderStatus.SUBMITTED
    assert order_of(order).merged_into_id is None
    assert order_of(root).status is OrderStatus.SUBMITTED
    assert actions_of(order)[-1] == "reopen"


def test_the_oldest_follower_takes_the_place_of_a_withdrawn_root(world: World) -> None:
    first, root = merged(world)
    second = world.order("resident")["id"]
    world.act("dispatcher", second, "merge", into_id=root)
    do(lambda: release_root(order_of(root), now()))
    assert order_of(first).status is OrderStatus.SUBMITTED
    assert order_of(first).merged_into_id is None
    assert order_of(second).status is OrderStatus.MERGED
    assert order_of(second).merged_into_id == first
    assert_sound(first, second, root)


def test_the_outcome_is_heard_by_all_who_follow(world: World) -> None:
    order = public_order(world, "resident")
    root = public_order(world, "resident2")
    world.act("member", order, "join")
    world.act("volunteer", root, "join")
    world.act("dispatcher", order, "merge", into_id=root)
    hearers = {world.ids[who] for who in ("resident", "member", "volunteer")}
    assert set(outcome_hearers(order_of(root))) == hearers
    # Whoever placed the root as well hears of it as its requester, not twice.
    third = public_order(world, "resident2")
    world.act("dispatcher", third, "merge", into_id=root)
    assert set(outcome_hearers(order_of(root))) == hearers


def test_joining_counts_once_and_never_drops(world: World) -> None:
    order = public_order(world)
    world.act("member", order, "join", note="我家楼下也是")
    assert code_of(world, "member", order, "join") == (409, "order.already_joined")
    world.act("volunteer", order, "join")
    assert order_of(order).joined == 2
    assert code_of(world, "resident", order, "join") == (403, "order.not_allowed")
    # Who has joined is for staff alone.
    events = events_for(world, "resident", order)
    assert "join" not in [event["action"] for event in events]
    assert_sound(order)


@pytest.mark.parametrize("hidden", ["private", "unchecked"])
def test_only_checked_orders_of_public_places_can_be_joined(world: World, hidden: str) -> None:
    if hidden == "private":
        order = world.order()["id"]
        world.act("dispatcher", order, "check_content", state="passed")
    else:
        order = world.order(category_id=world.categories[PUBLIC])["id"]
    assert code_of(world, "member", order, "join") == (404, "not_found")
    assert session.query(OrderFollower).count() == 0


def test_a_joiner_may_say_that_it_is_not_solved_here(world: World) -> None:
    order = public_order(world)
    world.act("member", order, "join")
    member = world.actor("member")
    assert refused(still_not_solved, member, order) == "order.no_outcome_yet"
    assert refused(still_not_solved, world.actor("volunteer"), order) == "not_found"
    world.act("dispatcher", order, "settle", note="已经换好了。")
    assert do(still_not_solved, member, order).follow_up_due
    assert refused(still_not_solved, member, order) == "order.already_said"
    assert told(world, "dispatcher", "joiner_unsolved", order) == 1
    assert order_of(order).status is OrderStatus.COMPLETED


def test_a_comment_reaches_who_takes_part_but_for_its_writer(world: World) -> None:
    order = world.claimed()["id"]
    world.act("resident", order, "comments", note="下午三点以后在家。")
    assert told(world, "member", "comment", order) == 1
    assert told(world, "dispatcher", "comment", order) == 1
    assert told(world, "resident", "comment", order) == 0
    world.act("member", order, "comments", note="收到。")
    assert told(world, "resident", "comment", order) == 1
    assert order_of(order).status is OrderStatus.CLAIMED


def test_an_internal_comment_is_not_for_the_resident(world: World) -> None:
    order = world.claimed()["id"]
    world.act("dispatcher", order, "comments", note="内部:请两人同行。", visible=False)
    seen = events_for(world, "resident", order)
    assert "comments" not in [event["action"] for event in seen]
    assert told(world, "resident", "comment", order) == 0
    assert told(world, "member", "comment", order) == 1
    # Nor can the resident write one: it would be read by all, whatever he believes.
    hidden = world.post("resident", f"/orders/{order}/comments", note="别告诉他。", visible=False)
    assert (hidden.status_code, hidden.get_json()["code"]) == (422, "order.comment_internal")
    assert events_for(world, "resident", order) == seen


def test_every_open_state_can_be_merged(world: World) -> None:
    root = world.order("resident2")["id"]
    stages = {
        OrderStatus.SUBMITTED: world.order()["id"],
        OrderStatus.DISPATCHED: world.order()["id"],
        OrderStatus.CLAIMED: world.claimed("member")["id"],
        OrderStatus.IN_PROGRESS: world.claimed("member2")["id"],
    }
    world.act("dispatcher", stages[OrderStatus.DISPATCHED], "dispatch", mode="pool")
    world.act("member2", stages[OrderStatus.IN_PROGRESS], "start")
    suspended = world.claimed("volunteer")["id"]
    until = (now() + timedelta(days=1)).isoformat()
    world.act("volunteer", suspended, "suspend", reason="等配件", until=until)
    stages[OrderStatus.SUSPENDED] = suspended
    assert set(stages) == OPEN
    for status, order in stages.items():
        assert order_of(order).status is status
        world.act("dispatcher", order, "merge", into_id=root)
        assert order_of(order).suspended_until is None
    assert len(outcome_hearers(order_of(root))) == 1
