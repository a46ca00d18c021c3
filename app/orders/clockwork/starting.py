"""Orders from before there were deadlines get theirs from their histories."""

from sqlalchemy import exists, select

from app.deadlines.standing.following import write_past
from app.deadlines.standing.models import DeadlineFact
from app.kernel.actor import Actor
from app.kernel.database import lock, session
from app.orders.clockwork.checking import facts_of_history, history_of
from app.orders.ticket.models import Order
from app.orders.ticket.timing import KIND, choice_of, set_dates, subject_of

BATCH = 200


def start_missing(actor: Actor, *, limit: int = BATCH) -> int:
    """One batch of orders without any fact; answers how many, 0 when none is left.

    By today's policy, urgency and unit of each order; of the ladders only what is still to come.
    """
    del actor
    known = exists().where(DeadlineFact.subject_kind == KIND, DeadlineFact.subject_id == Order.id)
    without = select(Order).where(~known).order_by(Order.id).limit(limit)
    orders = session.scalars(lock(without)).all()
    stories = [
        (subject_of(order), facts_of_history(history_of(order.id), choice_of(order))[0])
        for order in orders
    ]
    for order, dates in zip(orders, write_past(stories), strict=True):
        set_dates(order, dates)
    return len(orders)
