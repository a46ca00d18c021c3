"""The order's own row never names a room, and of a home no exact point: placed, corrected, split."""

from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.database import session
from app.orders.ticket.models import Order, OrderContact, OrderEvent, OrderEventContent
from app.orders.ticket.models.placement import rounded
from app.organisation.geometry import haversine
from app.organisation.models import Place
from app.organisation.service import create_place
from app.organisation.states import PlaceKind
from tests.orders.stories import order_of
from tests.world import SOUTH, SYSTEM, WEST, World

pytestmark = pytest.mark.slow

EXACT = (SOUTH + 0.00321, WEST + 0.00456)
POINT = dict(zip(("latitude", "longitude"), EXACT, strict=True)) | {"coordinate_system": "gcj02"}


def room(world: World, name: str = "501室") -> Place:
    """A room in the building of the world."""
    return create_place(SYSTEM, kind=PlaceKind.ROOM, name=name, parent_id=world.place.id)


def kept(order_id: int) -> tuple[Order, OrderContact]:
    """The order's row and its sealed row, as they are stored."""
    session.expire_all()
    return order_of(order_id), session.get_one(OrderContact, order_id)


def entered(world: World, **body: Any) -> int:
    """An order that staff enter for the resident."""
    known = {"person_id": world.ids["resident"]}
    return int(world.order("duty", on_behalf_of=known, **body)["id"])


def whole(world: World, order_id: int) -> dict[str, Any]:
    """What the reveal shows of the place."""
    path, body = f"/orders/{order_id}/reveal", {"fields": ["location"], "reason": "上门"}
    return dict(world.post("dispatcher", path, **body).get_json()["location"])


def test_placed_at_home(world: World) -> None:
    """The building and the rounded point stand in the row; the reveal has room and point."""
    home = room(world)
    order_id = entered(world, place_id=home.id, location=POINT)
    order, contact = kept(order_id)
    assert (order.place_id, order.latitude, order.longitude) == (world.place.id, *rounded(*EXACT))
    assert (contact.opened_room(), contact.opened_point()) == (home.id, EXACT)
    shown = whole(world, order_id)
    assert (shown["address"], shown["latitude"], shown["longitude"]) == (home.full_name, *EXACT)


def test_a_public_place_keeps_its_point(world: World) -> None:
    """Until the desk finds that it is none; and then it stays rounded."""
    lamp, tap = (world.categories[name] for name in ("路灯楼道灯", "养犬"))
    order_id = int(world.order(category_id=lamp, location=POINT)["id"])
    order, contact = kept(order_id)
    assert ((order.latitude, order.longitude), contact.point) == (EXACT, None)
    world.act("dispatcher", order_id, "amend", reason="是家里的灯", category_id=tap)
    order, contact = kept(order_id)
    assert ((order.latitude, order.longitude), contact.opened_point()) == (rounded(*EXACT), EXACT)
    world.act("dispatcher", order_id, "amend", reason="还是路灯", category_id=lamp)
    order, contact = kept(order_id)
    assert ((order.latitude, order.longitude), contact.opened_point()) == (rounded(*EXACT), EXACT)


def test_a_correction_names_no_room_in_the_history(world: World) -> None:
    """The particulars hold the building; another place takes the old room and point away."""
    first, second = room(world), room(world, "502室")
    order_id = entered(world, place_id=first.id, location=POINT)
    world.act("dispatcher", order_id, "amend", reason="报错了门牌", place_id=second.id)
    order, contact = kept(order_id)
    assert (order.place_id, contact.opened_room()) == (world.place.id, second.id)
    details = session.scalars(
        select(OrderEventContent.details)
        .join(OrderEvent, OrderEvent.id == OrderEventContent.event_id)
        .where(OrderEvent.order_id == order_id)
        .order_by(OrderEvent.seq.desc())
    ).first()
    assert details == {"place_id": world.place.id}
    world.act("dispatcher", order_id, "amend", reason="不在家里", place_id=world.place.parent_id)
    order, contact = kept(order_id)
    assert (order.place_id, contact.room, contact.point) == (world.place.parent_id, None, None)


def test_parts_carry_it_sealed(world: World) -> None:
    """So that who goes there can be told, and the row of the part says no more than its parent's."""
    home = room(world)
    order_id = entered(world, place_id=home.id, location=POINT)
    part = {"assignee_id": world.ids["grid"], "task": "上门看水表"}
    world.act("dispatcher", order_id, "split", parts=[part])
    child = session.scalars(select(Order.id).where(Order.parent_id == order_id)).one()
    order, contact = kept(child)
    assert (order.place_id, order.latitude, order.longitude) == (world.place.id, *rounded(*EXACT))
    assert (contact.opened_room(), contact.opened_point()) == (home.id, EXACT)


@pytest.mark.parametrize("step", range(40))
def test_rounding_is_at_most_forty_metres_and_rounds_once(step: int) -> None:
    """At the latitudes of China."""
    point = 18.0 + step * 0.9137123, 74.0 + step * 1.5131719
    assert haversine(*point, *rounded(*point)) < 40
    assert rounded(*rounded(*point)) == rounded(*point)
