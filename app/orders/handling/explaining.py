"""超期原因: whoever handled an order, or dispatched it, says why a stage was late."""

from app.deadlines.computing.states import LateReason, Stage
from app.deadlines.standing.explaining import explain_lateness
from app.kernel.actor import Actor
from app.kernel.errors import Forbidden
from app.orders.ticket.core import locked
from app.orders.ticket.models import Order
from app.orders.ticket.policy import may_explain, may_lead
from app.orders.ticket.timing import KIND
from app.orders.ticket.visible import get_visible


def explain_order(
    actor: Actor,
    order_id: int,
    *,
    stage: Stage,
    reason: LateReason,
    round: int | None = None,
    note: str | None = None,
) -> Order:
    """Of the order's present round, or of an earlier one; given once, changed by a leader.

    Raises Forbidden `order.not_allowed`, Conflict `deadline.not_late`, `deadline.reason_given`.
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
