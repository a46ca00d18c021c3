"""Shows the clear contact and the exact place, for a reason, with an audit row for each."""

from collections.abc import Sequence
from typing import Any

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, audit_values
from app.kernel.database import session
from app.kernel.errors import Forbidden
from app.orders.access.policy import may_see_contact
from app.orders.access.visible import get_visible
from app.orders.ticket.models import Order, OrderContact
from app.organisation.queries import get_place


def reveal_order(
    actor: Actor, order_id: int, *, fields: Sequence[str], reason: str
) -> dict[str, Any]:
    """{"contact": {name, phone} or None, "location": {…} or None}; fields not asked for are None.

    Raises NotFound `not_found`, Forbidden `order.not_allowed`; the refusal is audited too.
    """
    order = get_visible(actor, order_id)
    wanted = list(dict.fromkeys(fields))
    about: dict[str, Any] = {"reason": reason, "unit_id": order.handling_unit_id}
    if not may_see_contact(actor, order):
        values = audit_values(
            actor, "order.reveal_denied", "order", order.id, fields=wanted, **about
        )
        told = "只有办理期间的办理人和工作人员可以查看。"
        raise Forbidden("order.not_allowed", told, refusal_rows=[AuditRow(**values)])
    contact = session.get(OrderContact, order.id)
    shown: dict[str, Any] = {"contact": None, "location": None}
    if "contact" in wanted and contact is not None:
        shown["contact"] = {"name": contact.opened("name"), "phone": contact.opened("phone")}
    if "location" in wanted:
        shown["location"] = _location(order, contact)
    for field in wanted:
        audit.record(actor, "order.revealed", "order", order.id, fields=[field], **about)
    return shown


def _location(order: Order, contact: OrderContact | None) -> dict[str, Any] | None:
    address = contact.opened("address") if contact is not None else None
    if address is None and order.place_id is not None:
        address = get_place(order.place_id).full_name
    if order.latitude is None and address is None:
        return None
    return {
        "latitude": order.latitude,
        "longitude": order.longitude,
        "coordinate_system": "gcj02",
        "address": address,
    }
