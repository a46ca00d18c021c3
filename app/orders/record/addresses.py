"""The whole place of an order: what its own row has, and what is sealed beside it."""

from typing import Any

from app.orders.ticket.models import Order, OrderContact
from app.organisation.queries import get_place


def whole_place(order: Order, contact: OrderContact | None) -> dict[str, Any] | None:
    """The exact point and the address with the room, in clear, as LocationOut; None without both.

    Only for a reveal, and for a file that is one: the caller has asked the policy and the reason.
    """
    contact = contact or OrderContact(order_id=order.id)
    room, address = contact.opened_room(), contact.opened("address")
    latitude, longitude = contact.opened_point() or (order.latitude, order.longitude)
    if room is not None:
        place = get_place(room)
        address = "，".join(part for part in (place.full_name, address) if part)
        if latitude is None:
            latitude, longitude = place.latitude, place.longitude
    elif address is None and order.place_id is not None:
        address = get_place(order.place_id).full_name
    if latitude is None and address is None:
        return None
    return {
        "latitude": latitude,
        "longitude": longitude,
        "coordinate_system": "gcj02",
        "address": address,
    }
