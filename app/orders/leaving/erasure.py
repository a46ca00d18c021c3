"""注销: what remains of a person's orders when the person is erased.

The history keeps its rows and its chain; words, pictures and contacts go, and with them the side
rows that hold them. Orders without a requester are closed by the timetable.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, update

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.orders.linking.merging import release_root
from app.orders.linking.splitting import cancel_children
from app.orders.record.core import write
from app.orders.record.telling import desk, tell
from app.orders.record.words import remove_words
from app.orders.ticket.models import (
    Order,
    OrderContact,
    OrderEvent,
    OrderEventContent,
    OrderFollower,
    OrderRating,
    OrderRequest,
)
from app.orders.ticket.states import OrderStatus, RequestState


def forget_person(actor: Actor, person_id: int) -> None:
    """Withdraws what nobody works on, lets the rest run on without requester, deletes the words."""
    at = now()
    placed = (
        select(Order)
        .where(or_(Order.requester_id == person_id, Order.placer_id == person_id))
        .order_by(Order.id)
    )
    orders = list(session.scalars(lock(placed)))
    own = [order for order in orders if order.requester_id == person_id]
    _forget_words(person_id, [order.id for order in own])
    _forget_contacts(own)
    remove_words([order.id for order in own])
    for order in orders:
        _leave(actor, order, person_id, at)


def _leave(actor: Actor, order: Order, person_id: int, at: datetime) -> None:
    """An order placed for somebody else stays that one's; only who placed it is forgotten."""
    is_own, was_open = order.requester_id == person_id, order.is_open
    offered_to = order.offered_to_id
    order.erase(at, requester=is_own, placer=order.placer_id == person_id)
    write(actor, order, visible=False)
    if was_open and order.status is OrderStatus.CANCELLED:
        tell(order, "cancelled", [offered_to])
        cancel_children(actor, order, at)
        release_root(order, at)
    elif is_own and order.is_open:
        tell(order, "requester_left", [order.holder_id, *desk(order)])


def _forget_words(person_id: int, own_ids: Sequence[int]) -> None:
    """Whatever the person has said, and what staff have written down on his or her word."""
    said = select(OrderEvent.id).where(
        or_(
            OrderEvent.actor_id == person_id,
            OrderEvent.order_id.in_(own_ids) & (OrderEvent.on_word_of == person_id),
        )
    )
    session.execute(
        delete(OrderEventContent)
        .where(OrderEventContent.event_id.in_(said))
        .execution_options(synchronize_session="fetch")
    )
    session.execute(
        update(OrderRating)
        .where(or_(OrderRating.person_id == person_id, OrderRating.order_id.in_(own_ids)))
        .values(comment=None)
        .execution_options(synchronize_session="fetch")
    )
    asked = OrderRequest.asked_by_id == person_id
    for condition, values in (
        (asked, {"reason": None}),
        (asked & (OrderRequest.state == RequestState.PENDING), {"state": RequestState.LAPSED}),
    ):
        session.execute(
            update(OrderRequest)
            .where(condition)
            .values(values)
            .execution_options(synchronize_session="fetch")
        )
    session.execute(delete(OrderFollower).where(OrderFollower.person_id == person_id))


def _forget_contacts(own: Sequence[Order]) -> None:
    """Those of the orders, and the copies that their parts have."""
    ids = [order.id for order in own]
    family = select(Order.id).where(or_(Order.id.in_(ids), Order.parent_id.in_(ids)))
    session.execute(
        delete(OrderContact)
        .where(OrderContact.order_id.in_(family))
        .execution_options(synchronize_session="fetch")
    )
