"""会办: one matter in parts, each for a unit or a person."""

from typing import Any

import pytest

from app.kernel.database import session
from app.orders.linking.parts import has_open_parts
from app.orders.linking.splitting import gather_parent
from app.orders.ticket.models import Order, OrderContact
from app.orders.ticket.states import OrderStatus
from tests.orders.stories import (
    actions_of,
    assert_sound,
    code_of,
    do,
    events_for,
    order_of,
    public_order,
    told,
)
from tests.world import World

LATER = "2030-01-01T00:00:00+08:00"


def split(world: World, *parts: dict[str, Any], **body: Any) -> tuple[int, list[int]]:
    """An order of resident and the parts that the dispatcher has split it into."""
    order = world.order(**body)["id"]
    world.act("dispatcher", order, "split", parts=list(parts))
    parts_of = session.query(Order.id).filter(Order.parent_id == order).order_by(Order.id)
    return order, [found for (found,) in parts_of]


def test_splitting_makes_a_part_for_each(world: World) -> None:
    order, (unit_part, staff_part, member_part) = split(
        world,
        {"unit_id": world.other_community.id, "task": "查西园一侧的管线", "due_at": LATER},
        {"assignee_id": world.ids["grid"], "task": "现场拍照"},
        {"assignee_id": world.ids["member"], "task": "上门看水表"},
        place_id=world.place.id,
    )
    part = order_of(unit_part)
    assert part.handling_unit_id == part.first_unit_id == world.other_community.id
    assert part.task == part.description == "查西园一侧的管线"
    assert part.due_at is not None
    assert part.place_id == world.place.id
    assert part.requester_id is None
    assert told(world, "other_dispatcher", "part", unit_part) == 1
    assert order_of(staff_part).holder_id == world.ids["grid"]
    assert order_of(member_part).offered_to_id == world.ids["member"]
    assert order_of(order).status is OrderStatus.SUBMITTED
    assert has_open_parts(order_of(order))
    # The part carries the task, not what the resident wrote; the contact is there for a call.
    contact = session.get(OrderContact, staff_part)
    assert contact is not None
    assert OrderContact.opened(contact, "name") == "测resident"
    assert_sound(order, unit_part, staff_part, member_part)


def test_a_part_of_an_anonymous_order_has_no_contact(world: World) -> None:
    _, (part,) = split(
        world, {"assignee_id": world.ids["grid"], "task": "去看一看"}, anonymous=True
    )
    assert session.get(OrderContact, part) is None


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"task": "谁来办"}, "order.part_for_whom"),
        (
            {"task": "太晚", "unit_id": 1, "due_at": "2020-01-01T00:00:00+08:00"},
            "order.due_in_the_past",
        ),
        ({"task": "没有这个单位", "unit_id": 999_999}, "unit.unknown"),
        ({"task": "没有这个人", "assignee_id": 999_999}, "assignee.unknown"),
    ],
)
def test_a_part_that_makes_no_sense_is_refused_with_all_others(
    world: World, part: dict[str, Any], code: str
) -> None:
    order = world.order()["id"]
    parts = [{"assignee_id": world.ids["grid"], "task": "现场拍照"}, part]
    assert code_of(world, "dispatcher", order, "split", parts=parts) == (422, code)
    assert actions_of(order) == ["submit"]
    assert session.query(Order).filter(Order.parent_id == order).count() == 0


def test_who_works_elsewhere_is_for_the_unit_there_to_say(world: World) -> None:
    order = world.order()["id"]
    part = {
        "unit_id": world.other_community.id,
        "assignee_id": world.ids["other_grid"],
        "task": "拍照",
    }
    assert code_of(world, "dispatcher", order, "split", parts=[part])[0] == 403
    world.act("street", order, "split", parts=[part])


def test_parts_have_one_level_and_are_not_merged(world: World) -> None:
    order, (part,) = split(world, {"assignee_id": world.ids["grid"], "task": "现场拍照"})
    other = world.order("resident2")["id"]
    again = [{"assignee_id": world.ids["grid"], "task": "再分"}]
    assert code_of(world, "dispatcher", part, "split", parts=again) == (409, "order.is_part")
    assert code_of(world, "dispatcher", part, "merge", into_id=other) == (409, "order.is_part")
    assert code_of(world, "dispatcher", other, "merge", into_id=part) == (409, "order.is_part")
    assert code_of(world, "dispatcher", order, "merge", into_id=other) == (409, "order.has_parts")


def finish_part(world: World, part: int, who: str = "grid") -> None:
    """The handler completes, the dispatcher who split says that it is done."""
    world.act(who, part, "complete", note="已经办好了。")
    world.act("dispatcher", part, "rate", solved=True)


def test_the_parent_is_done_when_its_last_part_is(world: World) -> None:
    order, (first, second) = split(
        world,
        {"assignee_id": world.ids["grid"], "task": "现场拍照"},
        {"assignee_id": world.ids["duty"], "task": "联系水务"},
    )
    finish_part(world, first)
    assert order_of(order).status is OrderStatus.SUBMITTED
    finish_part(world, second, "duty")
    assert order_of(order).status is OrderStatus.COMPLETED
    assert actions_of(order)[-1] == "gather"
    words = events_for(world, "resident", order)[-1]["note"]
    assert "现场拍照（已办结）" in words
    assert "联系水务（已办结）" in words
    assert told(world, "resident", "completed", order) == 1
    assert not has_open_parts(order_of(order))
    assert_sound(order, first, second)


def test_who_has_joined_a_split_order_hears_its_outcome(world: World) -> None:
    order = public_order(world)
    world.act("member", order, "join")
    part = {"unit_id": world.other_community.id, "task": "查西园一侧的管线"}
    world.act("dispatcher", order, "split", parts=[part])
    child = session.query(Order.id).filter(Order.parent_id == order).scalar()
    world.act("other_dispatcher", child, "reject", reason="不归我们管", note="自来水公司")
    assert told(world, "member", "outcome", order) == 1


def test_an_unsolved_parent_can_be_split_anew(world: World) -> None:
    order, (first,) = split(world, {"assignee_id": world.ids["grid"], "task": "现场拍照"})
    finish_part(world, first)
    world.act("resident", order, "rate", solved=False)
    # The part of the round before does not complete the new round.
    do(lambda: gather_parent(order_of(first)))
    assert order_of(order).status is OrderStatus.SUBMITTED
    again = [{"assignee_id": world.ids["grid"], "task": "再去一次"}]
    world.act("dispatcher", order, "split", parts=again)
    second = session.query(Order.id).filter(Order.parent_id == order, Order.id != first).scalar()
    finish_part(world, second)
    assert order_of(order).status is OrderStatus.COMPLETED
    words = events_for(world, "resident", order)[-1]["note"]
    assert "再去一次" in words
    assert "现场拍照" not in words


def test_a_rejected_part_counts_as_settled(world: World) -> None:
    order, (part,) = split(world, {"unit_id": world.other_community.id, "task": "查西园一侧的管线"})
    world.act("other_dispatcher", part, "reject", reason="不归我们管", note="自来水公司")
    assert order_of(order).status is OrderStatus.COMPLETED


def test_cancelling_the_parent_cancels_its_open_parts(world: World) -> None:
    order, (first, second) = split(
        world,
        {"assignee_id": world.ids["grid"], "task": "现场拍照"},
        {"unit_id": world.other_community.id, "task": "查西园一侧的管线"},
    )
    finish_part(world, first)
    world.act("resident", order, "cancel")
    assert order_of(order).status is OrderStatus.CANCELLED
    assert order_of(first).status is OrderStatus.CLOSED
    assert order_of(second).status is OrderStatus.CANCELLED
    assert told(world, "other_dispatcher", "cancelled", second) == 1
    # Who withdrew it is not the part's to know.
    row = events_for(world, "other_dispatcher", second)[-1]
    assert row["action"] == "cancel"
    assert row["actor"] is None
    assert_sound(order, first, second)
