"""Gives deadlines to orders from the time before there were deadlines, from their histories."""

from sqlalchemy import exists, select

from app.deadlines.standing.following import write_past
from app.deadlines.standing.models import DeadlineFact
from app.kernel.actor import Actor
from app.kernel.database import lock, session
from app.orders.record.timing import KIND, choice_of, set_dates, subject_of
from app.orders.ticket.models import Order
from app.pasts.checking import facts_of_history, history_of

BATCH = 200


def start_missing(actor: Actor, *, limit: int = BATCH) -> int:
    """Writes the facts and dates of a batch of orders without any fact; returns how many, 0 at the end.

    By today's policy, urgency and unit of each order; only reminders that are still to come are sent.
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
