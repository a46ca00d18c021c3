"""Shows the clear contact and the exact place, for a reason, with an audit row for each."""

from collections.abc import Sequence
from typing import Any

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, audit_values
from app.kernel.clock import local_date, now
from app.kernel.database import session
from app.kernel.errors import Forbidden
from app.orders.access.policy import is_helper, is_holder, may_see_contact
from app.orders.access.visible import get_visible
from app.orders.record.addresses import whole_place
from app.orders.record.core import need_reason
from app.orders.ticket.models import Order, OrderContact

ON_VISIT = "上门"


def reveal_order(
    actor: Actor, order_id: int, *, fields: Sequence[str], reason: str | None
) -> dict[str, Any]:
    """{"contact": {name, phone} or None, "location": {…} or None}; fields not asked for are None.

    Without a reason it is 上门, for the handler on the day of the visit. Raises NotFound `not_found`,
    Invalid `order.reason_required`, Forbidden `order.not_allowed`; the last is audited too.
    """
    order = get_visible(actor, order_id)
    wanted = list(dict.fromkeys(fields))
    if not reason and _visits_today(actor, order):
        reason = ON_VISIT
    about: dict[str, Any] = {"reason": need_reason(reason), "unit_id": order.handling_unit_id}
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
        shown["location"] = whole_place(order, contact)
    for field in wanted:
        audit.record(actor, "order.revealed", "order", order.id, fields=[field], **about)
    return shown


def _visits_today(actor: Actor, order: Order) -> bool:
    """Whether the actor handles the order, or helps, and has an appointment there today."""
    goes = is_holder(actor, order) or is_helper(actor, order)
    at = order.appointed_at
    return goes and at is not None and local_date(at) == local_date(now())
