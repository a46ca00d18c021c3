"""What a person who withdraws a consent loses in the orders."""

from sqlalchemy import and_, or_, select, update

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.orders.record.core import write
from app.orders.ticket.models import Order, OrderContact, OrderRequest
from app.orders.ticket.states import RequestKind, RequestState


def forget_points(actor: Actor, person_id: int) -> None:
    """Removes the points of the person's own orders, open and closed, and of their parts, sealed ones too.

    Grid and place stay. It is no act on the orders, so no history row is written.
    """
    del actor
    placed_for_another = and_(
        Order.placer_id == person_id, Order.requester_id.is_(None), Order.parent_id.is_(None)
    )
    own = select(Order.id).where(or_(Order.requester_id == person_id, placed_for_another))
    concerned = or_(Order.id.in_(own), Order.parent_id.in_(own))
    session.scalars(lock(select(Order.id).where(concerned).order_by(Order.id))).all()
    # The orders are looked for again: an act that held one of them may have made a part of it meanwhile.
    session.execute(update(Order).where(concerned).values(latitude=None, longitude=None))
    sealed = OrderContact.order_id.in_(select(Order.id).where(concerned))
    session.execute(update(OrderContact).where(sealed).values(point=None))


def lapse_support(actor: Actor, person_id: int) -> None:
    """Lapses the person's requests to support other units that wait for an answer."""
    pending = and_(
        OrderRequest.asked_by_id == person_id,
        OrderRequest.kind == RequestKind.SUPPORT,
        OrderRequest.state == RequestState.PENDING,
    )
    asked = select(OrderRequest.order_id).where(pending)
    at = now()
    for order in session.scalars(lock(select(Order).where(Order.id.in_(asked)).order_by(Order.id))):
        of_it = lock(select(OrderRequest).where(OrderRequest.order_id == order.id, pending))
        for request in session.scalars(of_it).all():
            order.lapse_request(at, request)
            write(actor, order, visible=False)
