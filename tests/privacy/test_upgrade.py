"""What erasures of earlier versions have left is deleted by the migration."""

import importlib.util
from types import ModuleType

import sqlalchemy as sa

from app.kernel.crypto import blind_index
from app.kernel.database import session
from app.orders.record.verifying import verify_histories
from app.orders.record.words import change_words
from app.orders.ticket.models import (
    Order,
    OrderContact,
    OrderEvent,
    OrderEventContent,
    OrderSearch,
)
from app.orders.ticket.states import Action
from app.people.service import erase_person
from tests.orders.stories import do
from tests.serving import ROOT
from tests.world import World


def migration() -> ModuleType:
    """The migration as Python knows it."""
    (path,) = (ROOT / "migrations" / "versions").glob("*_erasure.py")
    spec = importlib.util.spec_from_file_location("erasure_migration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def split(world: World, who: str) -> tuple[int, int]:
    """An order with a task, dispatched, and its part."""
    order = world.order(who, place_id=world.place.id, description="我家的灯坏了。")["id"]
    part = {"assignee_id": world.ids["grid"], "task": "去三楼看灯"}
    world.act("dispatcher", order, "split", parts=[part])
    world.act("dispatcher", order, "dispatch", mode="pool", task="带梯子去三楼")
    world.act("member", order, "claim")
    child = session.query(Order.id).filter(Order.parent_id == order).scalar()
    return order, int(child)


def details_of(order: int, action: Action) -> OrderEventContent:
    """The content of the order's act of that kind."""
    found = (
        sa.select(OrderEventContent)
        .join(OrderEvent, OrderEvent.id == OrderEventContent.event_id)
        .where(OrderEvent.order_id == order, OrderEvent.action == action)
    )
    return session.scalars(found.execution_options(populate_existing=True)).one()


def as_left_before(world: World, order: int, child: int) -> None:
    """Brings back what the erasure of an earlier version has left."""
    row = session.get_one(Order, child)
    row.description = row.task = "去三楼看灯"
    row.place_id, row.latitude, row.longitude = world.place.id, 36.1234567, 117.1234567
    row.contact_index = blind_index("13900000001")
    session.get_one(Order, order).task = "带梯子去三楼"
    contact = OrderContact(order_id=child)
    contact.put(name="王小明")
    session.add(contact)
    given = details_of(order, Action.DISPATCH)
    given.details = {**given.details, "task": "带梯子去三楼", "place_id": world.place.id}
    session.flush()
    change_words([row])
    session.commit()


def test_the_leftovers_of_earlier_erasures_go(world: World) -> None:
    order, child = split(world, "resident")
    other, other_child = split(world, "resident2")
    do(erase_person, world.actor("resident"), world.ids["resident"])
    as_left_before(world, order, child)
    found = migration()
    connection = session.connection()
    assert found._erased(connection) == [order]
    found._forget(connection, [order])
    session.expire_all()
    part = session.get_one(Order, child)
    left = (part.description, part.task, part.place_id, part.latitude, part.longitude)
    assert {*left, part.contact_index, session.get_one(Order, order).task} == {None}
    assert part.answers == {}
    assert session.get(OrderContact, child) is None
    assert session.get(OrderSearch, child) is None
    assert not details_of(order, Action.DISPATCH).details.keys() & {"task", "place_id"}
    assert not any(verdict.broken for verdict in verify_histories([order, child]))
    # Orders of people who are there keep everything.
    kept = session.get_one(Order, other_child)
    assert (kept.task, kept.place_id) == ("去三楼看灯", world.place.id)
    assert session.get_one(Order, other).task == "带梯子去三楼"
    assert details_of(other, Action.DISPATCH).details["task"] == "带梯子去三楼"
