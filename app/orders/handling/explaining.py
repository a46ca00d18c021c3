"""超期原因: a handler or a dispatcher says why a stage of an order was late."""

from app.deadlines.service.lateness import explain_lateness
from app.deadlines.states import LateReason, Stage
from app.kernel.actor import Actor
from app.kernel.errors import Forbidden
from app.orders.access.policy import may_explain, may_lead
from app.orders.access.visible import get_visible
from app.orders.record.core import locked
from app.orders.record.timing import KIND
from app.orders.ticket.models import Order


def explain_order(
    actor: Actor,
    order_id: int,
    *,
    stage: Stage,
    reason: LateReason,
    round: int | None = None,
    note: str | None = None,
) -> Order:
    """Notes why a stage of the present round, or of `round`, was late; a leader may change it later.

    Raises NotFound `not_found`, Forbidden `order.not_allowed`, Conflict `deadline.not_late`,
    `deadline.reason_given`.
    """
    get_visible(actor, order_id)
    order = locked(order_id)
    if not may_explain(actor, order):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    explain_lateness(
        actor,
        (KIND, order.id),
        round or order.round,
        stage,
        reason=reason,
        note=note,
        may_change=may_lead(actor, order),
    )
    return order
