"""What is left of a person's orders after erasure, and what the copy of the own data holds."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from app.kernel.database import session
from app.orders.clockwork import jobs
from app.orders.ticket.models import (
    Order,
    OrderContact,
    OrderEvent,
    OrderEventContent,
    OrderFollower,
    OrderRating,
)
from app.orders.ticket.states import OrderStatus
from app.people.service import (
    erase_person,
    export_person,
)
from tests.conftest import Clock
from tests.orders.stories import (
    PUBLIC,
    actions_of,
    assert_sound,
    do,
    events_for,
    offered,
    order_of,
    read,
    told,
)
from tests.world import World


def erased(world: World, who: str = "resident") -> None:
    """That resident deletes the account."""
    do(erase_person, world.actor(who), world.ids[who])


def contents_of(order: int) -> list[str | None]:
    """The words that are left of an order's history."""
    found = (
        select(OrderEventContent.note)
        .join(OrderEvent, OrderEvent.id == OrderEventContent.event_id)
        .where(OrderEvent.order_id == order)
    )
    return list(session.scalars(found.order_by(OrderEvent.seq)))


def test_what_nobody_works_on_is_withdrawn_with_its_requester(world: World) -> None:
    waiting, asked = world.order()["id"], offered(world)
    erased(world)
    for order in (waiting, asked):
        row = order_of(order)
        assert row.status is OrderStatus.CANCELLED
        assert row.requester_id is None
        assert actions_of(order)[-1] == "erase"
    assert told(world, "member", "cancelled", asked) == 1
    assert_sound(waiting, asked)


def test_what_somebody_works_on_runs_on_and_closes_by_itself(world: World, clock: Clock) -> None:
    clock.set("2027-03-01T09:00:00+08:00")
    order = world.claimed()["id"]
    erased(world)
    row = order_of(order)
    assert row.status is OrderStatus.CLAIMED
    assert row.requester_id is None
    assert told(world, "member", "requester_left", order) == 1
    world.act("member", order, "complete", note="修好了。")
    clock.set("2027-03-08T09:00:00+08:00")
    assert do(jobs.close_unanswered) == 1
    assert order_of(order).status is OrderStatus.CLOSED
    assert told(world, "resident", "closed", order) == 0
    assert_sound(order)


def test_words_and_contacts_go_and_the_history_still_holds(world: World) -> None:
    order = world.claimed(
        place_id=world.place.id, description="我家在三楼，门铃坏了。", contact_name="王小明"
    )["id"]
    world.act("resident", order, "comments", note="我下午在家。")
    world.act("member", order, "complete", note="换了电池。")
    world.act("resident", order, "rate", solved=True, comment="谢谢小李。")
    entered = world.order("dispatcher", on_behalf_of={"person_id": world.ids["resident"]})["id"]
    erased(world)
    row = order_of(order)
    assert row.status is OrderStatus.CLOSED
    left = (row.description, row.contact_index, row.place_id, row.latitude, row.longitude)
    assert set(left) == {None}
    assert row.answers == {}
    assert session.get(OrderContact, order) is None
    assert session.scalars(select(OrderRating.comment)).all() == [None]
    # What the member said is the member's.
    assert [note for note in contents_of(order) if note] == ["换了电池。"]
    assert [note for note in contents_of(entered) if note] == []
    assert_sound(order, entered)
    # Nothing of it is left for the staff to read either.
    events = events_for(world, "dispatcher", order)
    assert [event["note"] for event in events if event["note"]] == ["换了电池。"]


def test_the_place_of_a_public_matter_stays(world: World) -> None:
    order = world.order(place_id=world.place.id, category_id=world.categories[PUBLIC])["id"]
    erased(world)
    assert order_of(order).place_id == world.place.id


def test_who_placed_for_another_is_forgotten_alone(world: World) -> None:
    order = world.order(on_behalf_of={"name": "李奶奶", "phone": "13700001234"})["id"]
    assert order_of(order).placer_id == world.ids["resident"]
    erased(world)
    row = order_of(order)
    assert row.status is OrderStatus.SUBMITTED
    assert row.placer_id is None
    assert row.contact_index is not None
    assert session.get(OrderContact, order) is not None
    assert_sound(order)


def test_the_parts_of_a_withdrawn_order_go_with_it(world: World) -> None:
    order = world.order()["id"]
    part = {"assignee_id": world.ids["grid"], "task": "现场拍照"}
    world.act("dispatcher", order, "split", parts=[part])
    child = session.query(Order.id).filter(Order.parent_id == order).scalar()
    assert session.get(OrderContact, child) is not None
    session.expunge_all()
    erased(world)
    assert order_of(child).status is OrderStatus.CANCELLED
    assert session.get(OrderContact, child) is None
    assert told(world, "grid", "cancelled", child) == 1


def test_the_matter_of_a_withdrawn_root_goes_on(world: World) -> None:
    root = world.order("resident")["id"]
    order = world.order("resident2")["id"]
    world.act("dispatcher", order, "merge", into_id=root)
    erased(world)
    assert order_of(root).status is OrderStatus.CANCELLED
    assert order_of(order).status is OrderStatus.SUBMITTED
    assert order_of(order).merged_into_id is None


def test_followers_and_requests_of_the_erased_are_gone(world: World) -> None:
    order = world.order("resident2", category_id=world.categories[PUBLIC])["id"]
    world.act("dispatcher", order, "dispatch", mode="pool")
    world.act("resident", order, "join")
    held = world.claimed("member")["id"]
    world.act("resident", held, "cancel", reason="我要搬家了")
    erased(world)
    assert session.query(OrderFollower).count() == 0
    assert order_of(order).joined == 1
    (request,) = read(world, "dispatcher", f"/orders/{held}")["requests"]
    assert request["state"] == "lapsed"
    assert request["reason"] is None


def test_the_copy_of_the_own_data_holds_orders_and_words(world: World) -> None:
    order = world.claimed(description="我家的灯坏了。", contact_name="王小明")
    world.act("member", order["id"], "complete", note="换了灯管。")
    world.act("resident", order["id"], "rate", solved=True, stars=5, comment="很快。")
    public = world.order("resident2", category_id=world.categories[PUBLIC])["id"]
    world.act("dispatcher", public, "dispatch", mode="pool")
    world.act("resident", public, "join")
    part = do(export_person, world.actor("resident"))["orders"]
    (placed,) = part["placed"]
    assert placed["number"] == order["number"]
    assert placed["description"] == "我家的灯坏了。"
    assert placed["contact"]["name"] == "王小明"
    assert part["ratings"][0]["comment"] == "很快。"
    assert [said["action"] for said in part["said"]] == ["下单", "评价", "附议"]
    assert len(part["joined"]) == 1
    assert part["handled"] == []
    handled = do(export_person, world.actor("member"))["orders"]
    assert handled["placed"] == []
    assert [row["order"] for row in handled["handled"]] == [order["number"]]


# Columns of text or JSON that tell nothing of the requester, each with its reason.
IMPERSONAL = {
    "head": "the hash of the last history row",
    "handling_path": "the path of a unit",
    "external_number": "another system's number of the matter",
    "external_system": "the name of that system",
    "helper_ids": "people who go along, not the requester",
    "visit_code": "four random digits",
    "task": "what the desk asks for; with the words of the desk itself",
}


def test_every_column_that_can_hold_words_is_emptied_or_known_to_be_impersonal() -> None:
    """A new column of text must say whether an erasure empties it."""
    table = Order.__table__
    kinds = (sa.String, sa.Text, sa.JSON)
    wordy = {c.key for c in table.columns if isinstance(c.type, kinds) and not _is_enum(c)}
    emptied = {*Order.erased_columns("words"), *Order.erased_columns("place")}
    assert wordy - emptied == IMPERSONAL.keys()
    assert {"description", "place_id", "latitude", "longitude", "voice_id"} <= emptied


def _is_enum(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Enum)
