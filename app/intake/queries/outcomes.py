"""The results of handling, read from the histories of many orders, for exported lists."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.orders.access.policy import is_holder, is_staff_of, may_see_unchecked
from app.orders.ticket.models import Order, OrderCall, OrderEvent, OrderEventContent
from app.orders.ticket.states import Action, CallOutcome, ContentState

_HANDLING = frozenset(
    {Action.START, Action.PROGRESS, Action.SUSPEND, Action.COMPLETE, Action.SETTLE, Action.REJECT}
)
_DELAYING = frozenset({Action.EXTEND, Action.SUSPEND})


@dataclass(slots=True)
class Outcome:
    """The last note about the handling, the last reason of a delay, and the last follow-up call.

    `call` is the outcome and the day of the call.
    """

    note: str | None = None
    delay: str | None = None
    call: tuple[CallOutcome, date] | None = None


def outcomes_of(actor: Actor, orders: Sequence[Order]) -> dict[int, Outcome]:
    """The outcomes by order id, from the parts of the histories that the actor can read.

    Follow-up calls are read only for orders of units whose staff the actor is.
    """
    by_id = {order.id: order for order in orders}
    found = {order_id: Outcome() for order_id in by_id}
    for row in _told(by_id):
        if not _is_shown(actor, by_id[row.order_id], row):
            continue
        if row.action in _HANDLING:
            found[row.order_id].note = row.note
        if row.action in _DELAYING:
            found[row.order_id].delay = row.note
    own = [order.id for order in orders if is_staff_of(actor, order)]
    calls = select(OrderCall.order_id, OrderCall.outcome, OrderCall.day)
    for call in session.execute(calls.where(OrderCall.order_id.in_(own)).order_by(OrderCall.id)):
        found[call.order_id].call = (CallOutcome(call.outcome), call.day)
    return found


def _told(orders: Mapping[int, Order]) -> Iterable[Row[Any]]:
    return session.execute(
        select(
            OrderEvent.order_id,
            OrderEvent.action,
            OrderEvent.actor_id,
            OrderEvent.visible,
            OrderEventContent.note,
        )
        .join(OrderEventContent, OrderEventContent.event_id == OrderEvent.id)
        .where(
            OrderEvent.order_id.in_(orders),
            OrderEvent.action.in_(_HANDLING | _DELAYING),
            OrderEventContent.note.is_not(None),
        )
        .order_by(OrderEvent.order_id, OrderEvent.seq)
    )


def _is_shown(actor: Actor, order: Order, row: Row[Any]) -> bool:
    """The rules are those of the history of a single order."""
    if not (row.visible or is_holder(actor, order) or is_staff_of(actor, order)):
        return False
    checked = order.content_state is ContentState.PASSED or may_see_unchecked(actor, order)
    return checked or row.actor_id not in (order.requester_id, order.placer_id)
