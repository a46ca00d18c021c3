"""注销: erases a person from the orders.

The history keeps its rows and its chain. Words, pictures and contacts stand in side rows, which are
deleted. The timetable closes completed orders that have no requester.
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
    """Erases the person from all orders that he or she has placed, joined or spoken in.

    An own order that nobody handles yet is cancelled; others go on without a requester.
    """
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
    """Empties the order's columns; an order placed for another person keeps its requester."""
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
    """Deletes the words of the person, and words that staff have written down for him or her."""
    said = select(OrderEvent.id).where(
        or_(
            OrderEvent.actor_id == person_id,
            OrderEvent.order_id.in_(own_ids) & (OrderEvent.on_word_of == person_id),
        )
    )
    session.execute(delete(OrderEventContent).where(OrderEventContent.event_id.in_(said)))
    rated = or_(OrderRating.person_id == person_id, OrderRating.order_id.in_(own_ids))
    session.execute(update(OrderRating).where(rated).values(comment=None))
    asked = update(OrderRequest).where(OrderRequest.asked_by_id == person_id)
    session.execute(asked.values(reason=None))
    pending = OrderRequest.state == RequestState.PENDING
    session.execute(asked.where(pending).values(state=RequestState.LAPSED))
    session.execute(delete(OrderFollower).where(OrderFollower.person_id == person_id))


def _forget_contacts(own: Sequence[Order]) -> None:
    """Deletes the contacts of the orders, and the copies that their parts have."""
    ids = [order.id for order in own]
    family = select(Order.id).where(or_(Order.id.in_(ids), Order.parent_id.in_(ids)))
    session.execute(delete(OrderContact).where(OrderContact.order_id.in_(family)))
