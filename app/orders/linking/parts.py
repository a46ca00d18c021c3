"""会办: the parts into which an order was split."""

from typing import Any

from sqlalchemy import Exists, exists, select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.orders.access.policy import is_staff_of
from app.orders.access.visible import orders_visible_to
from app.orders.ticket.models import Order
from app.orders.ticket.states import SETTLED
from app.organisation.queries import get_unit


def open_parts(order_id: Any) -> Exists:
    """The condition that a part of the order is neither closed, rejected nor cancelled."""
    return exists().where(Order.parent_id == order_id, Order.status.not_in(SETTLED))


def has_open_parts(order: Order) -> bool:
    """Whether a part of the order is neither closed, rejected nor cancelled."""
    return bool(session.scalar(select(open_parts(order.id))))


def parts_of(actor: Actor, order: Order) -> list[dict[str, Any]]:
    """The parts that the actor sees, oldest first, as PartOut; for staff of the order alone."""
    if not (actor.is_system or is_staff_of(actor, order)):
        return []
    seen = orders_visible_to(actor).where(Order.parent_id == order.id).order_by(Order.id)
    return [
        {
            "id": part.id,
            "number": part.number,
            "task": part.task,
            "status": part.status,
            "unit": {"id": part.handling_unit_id, "name": get_unit(part.handling_unit_id).name},
        }
        for part in session.scalars(seen)
    ]
