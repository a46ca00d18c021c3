"""The grades of place: how near to somebody's home each reader of an order may come.

The grid is for everybody who sees the order. Who may claim it reads the estate (小区); the handler and
the staff of the unit read the doorway or building. The room and the exact point of a home come out by
the reveal alone (`app/orders/views/revealing.py`); only the requester sees the own place whole, and not in
a list. Of a public place the exact point is no secret of the staff and the handler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from app.kernel.actor import Actor
from app.orders.access.policy import is_requester, is_staff_of, may_see_contact
from app.orders.ticket.models import Order, OrderContact
from app.organisation.queries import estates_of, place_names

# Decimals of a degree, about a kilometre, for readers who may not know the place.
ROUNDED_DIGITS = 2


class Grade(IntEnum):
    """How near the reader may come, from far to near."""

    GRID = 0
    ESTATE = 1
    BUILDING = 2
    WHOLE = 3


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where an order is, for one reader: `place` as the schema Named, `location` as LocationOut."""

    place: dict[str, Any] | None
    location: dict[str, Any] | None


def whereabouts_of(
    actor: Actor, orders: Sequence[Order], contacts: Mapping[int, Any], *, is_whole: bool
) -> dict[int, Whereabouts]:
    """By order id where the orders are, as far as the actor may know.

    `contacts` are rows with the sealed room and point, by order id. `is_whole` is set for one order on
    its own: then a requester sees the room and the exact point.
    """
    grades = {order.id: _grade(actor, order, is_whole=is_whole) for order in orders}
    shown = {order.id: order.place_id for order in orders if grades[order.id] >= Grade.BUILDING}
    for order_id in (i for i, grade in grades.items() if grade is Grade.WHOLE and i in contacts):
        shown[order_id] = OrderContact.opened_room(contacts[order_id]) or shown[order_id]
    named = {order.id: order.place_id for order in orders if grades[order.id] is Grade.ESTATE}
    estates = estates_of(place_id for place_id in named.values() if place_id is not None)
    shown |= {i: estates.get(place_id or 0) for i, place_id in named.items()}
    names = place_names(place_id for place_id in shown.values() if place_id is not None)
    return {
        order.id: Whereabouts(
            _named(shown.get(order.id), names),
            _location(order, contacts.get(order.id), grades[order.id]),
        )
        for order in orders
    }


def _grade(actor: Actor, order: Order, *, is_whole: bool) -> Grade:
    if is_requester(actor, order):
        # The requester of a part (会办) is the dispatcher who has split the order.
        return Grade.WHOLE if is_whole and order.parent_id is None else Grade.BUILDING
    if may_see_contact(actor, order):
        return Grade.BUILDING
    if order.anonymous:
        return Grade.GRID
    if actor.is_system or is_staff_of(actor, order):
        return Grade.BUILDING
    return Grade.ESTATE if actor.may("orders.claim", order.handling_path) else Grade.GRID


def _named(found: int | None, names: Mapping[int, str]) -> dict[str, Any] | None:
    return None if found is None else {"id": found, "name": names.get(found, "")}


def _location(order: Order, contact: Any, grade: Grade) -> dict[str, Any] | None:
    if order.latitude is None or order.longitude is None:
        return None
    latitude, longitude = order.latitude, order.longitude
    if grade is Grade.WHOLE and contact is not None:
        latitude, longitude = OrderContact.opened_point(contact) or (latitude, longitude)
    digits = 7 if grade >= Grade.BUILDING else ROUNDED_DIGITS
    return {
        "latitude": round(latitude, digits),
        "longitude": round(longitude, digits),
        "coordinate_system": "gcj02",
        "address": None,
    }
