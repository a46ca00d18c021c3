"""Clear contact and exact place: opened on purpose, with a reason, one audit row each."""

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
    """{"contact": {name, phone} or null, "location": {…} or null}; a refusal is audited too."""
    order = get_visible(actor, order_id)
    wanted = list(dict.fromkeys(fields))
    if not may_see_contact(actor, order):
        denied = AuditRow(
            **audit_values(
                actor,
                "order.reveal_denied",
                "order",
                order.id,
                reason=reason,
                fields=wanted,
                unit_id=order.handling_unit_id,
            )
        )
        raise Forbidden(
            "order.not_allowed", "只有办理期间的办理人和工作人员可以查看。", refusal_rows=[denied]
        )
    contact = session.get(OrderContact, order.id)
    opened_parts: dict[str, Any] = {"contact": None, "location": None}
    if "contact" in wanted and contact is not None:
        opened_parts["contact"] = {
            "name": contact.opened("name"),
            "phone": contact.opened("phone"),
        }
    if "location" in wanted:
        opened_parts["location"] = _location(order, contact)
    for field in wanted:
        audit.record(
            actor,
            "order.revealed",
            "order",
            order.id,
            reason=reason,
            fields=[field],
            unit_id=order.handling_unit_id,
        )
    return opened_parts


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
