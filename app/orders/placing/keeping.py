"""Writes a new order with its side rows, for residents, staff and parts."""

from dataclasses import asdict

from sqlalchemy.orm import make_transient_to_detached

from app.kernel.actor import Actor
from app.kernel.database import session
from app.orders.record.core import write
from app.orders.record.words import keep_words
from app.orders.ticket.models import Contact, Order, OrderContact, Placement


def keep_new(
    actor: Actor,
    order: Order,
    placement: Placement,
    *,
    note: str | None,
    on_word_of: int | None = None,
) -> None:
    """Writes a placed order: its row, its first history row, its contact, sealed, and its words."""
    contact = OrderContact(order_id=order.id)
    if placement.contact != Contact():
        contact.put(**asdict(placement.contact))
        order.beside.append(contact)
    write(actor, order, note=note, photo_ids=order.photo_ids, on_word_of=on_word_of)
    if placement.contact != Contact():
        # It is written already; the answer finds it in the session.
        make_transient_to_detached(contact)
        session.add(contact)
    keep_words([order])
