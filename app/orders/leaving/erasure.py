"""注销: erases a person from the orders.

The history keeps its rows and its chain. Words, pictures and contacts stand in side rows, which are
deleted, or from which the person is blanked out. The timetable closes completed orders that have no
requester.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, union, update
from sqlalchemy.orm import InstrumentedAttribute

from app.deadlines.standing.explaining import blank_notes
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.among import among_values
from app.kernel.events import announce
from app.kernel.naming import Naming
from app.notifications.queries import subjects_told
from app.orders.linking.merging import release_root
from app.orders.linking.splitting import cancel_children
from app.orders.record.core import write
from app.orders.record.telling import desk, tell
from app.orders.record.timing import KIND
from app.orders.record.words import change_words, remove_words
from app.orders.ticket.events import OrdersForgotten
from app.orders.ticket.models import (
    NoShow,
    Order,
    OrderAssignee,
    OrderContact,
    OrderEvent,
    OrderEventContent,
    OrderFollower,
    OrderRating,
    OrderRequest,
)
from app.orders.ticket.states import Action, OrderStatus, RequestState

# Their notes repeat the words of the order, and the tasks of its parts.
_REPEATING = (Action.SUBMIT, Action.GATHER)


def forget_person(
    actor: Actor, person_id: int, naming: Naming, *, phone_index: str | None = None
) -> None:
    """Erases the person from all orders that he or she has placed, joined, handled or spoken in.

    An own order that nobody handles yet is cancelled; others go on without a requester, and so do
    parts. Contacts of orders that staff entered for the person's phone go too. `naming` is blanked
    out of the words of others in all these orders, and of the audit about them.
    """
    at = now()
    touched = _touched_by(person_id, phone_index)
    placed = or_(Order.requester_id == person_id, Order.placer_id == person_id)
    orders = _locked(placed)
    own = [order for order in orders if order.requester_id == person_id]
    # Locked after their orders: until then somebody may have split one.
    parts = _locked(among_values(Order.parent_id, [order.id for order in own]))
    own_ids, part_ids = [order.id for order in own], [part.id for part in parts]
    family = [*own_ids, *part_ids]
    _forget_words(person_id, own_ids, family)
    _forget_contacts(family, phone_index)
    remove_words(family)
    for order in orders:
        _leave(actor, order, person_id, at)
    public = {order.id for order in own if order.public_place}
    for part in parts:
        part.erase_part(at, public=part.parent_id in public)
        write(actor, part, visible=False)
    # After the own orders are emptied, so that only the words of others are looked through.
    touched = sorted({*touched, *family})
    _blank_words(naming, touched, set(family))
    announce(OrdersForgotten(tuple(touched)))


def _locked(which: ColumnElement[bool]) -> list[Order]:
    return list(session.scalars(lock(select(Order).where(which).order_by(Order.id))))


def _touched_by(person_id: int, phone_index: str | None) -> list[int]:
    """The ids of the orders that the person had anything to do with, some of them twice."""
    columns = (
        *(Order.requester_id, Order.placer_id, Order.offered_to_id, Order.holder_id),
        *(OrderAssignee.person_id, OrderEvent.actor_id),
        *(OrderFollower.person_id, OrderRequest.asked_by_id, NoShow.person_id),
    )
    ways = [select(_order_of(column)).where(column == person_id) for column in columns]
    if phone_index is not None:
        ways.append(select(Order.id).where(Order.contact_index == phone_index))
    # Of an offer that has lapsed the messages alone know to whom it was made.
    return [*session.scalars(union(*ways)), *subjects_told(person_id, KIND)]


def _order_of(column: InstrumentedAttribute[Any]) -> InstrumentedAttribute[int]:
    """The column with the id of the order, in the same table."""
    found: InstrumentedAttribute[int] = (
        Order.id if column.class_ is Order else column.class_.order_id
    )
    return found


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


def _forget_words(person_id: int, own_ids: Sequence[int], family: Sequence[int]) -> None:
    """Deletes the words of the person, and words that staff have written down for him or her."""
    said = select(OrderEvent.id).where(
        or_(
            OrderEvent.actor_id == person_id,
            and_(OrderEvent.on_word_of == person_id, among_values(OrderEvent.order_id, own_ids)),
            and_(OrderEvent.action.in_(_REPEATING), among_values(OrderEvent.order_id, family)),
        )
    )
    session.execute(delete(OrderEventContent).where(OrderEventContent.event_id.in_(said)))
    rated = or_(OrderRating.person_id == person_id, among_values(OrderRating.order_id, own_ids))
    session.execute(update(OrderRating).where(rated).values(comment=None))
    asked = update(OrderRequest).where(OrderRequest.asked_by_id == person_id)
    session.execute(asked.values(reason=None))
    pending = OrderRequest.state == RequestState.PENDING
    session.execute(asked.where(pending).values(state=RequestState.LAPSED))
    session.execute(delete(OrderFollower).where(OrderFollower.person_id == person_id))


def _forget_contacts(family: Sequence[int], phone_index: str | None) -> None:
    """Deletes the contacts of those orders, and of orders of nobody under the person's phone."""
    ids = list(family)
    if phone_index is not None:
        entered = and_(Order.contact_index == phone_index, Order.requester_id.is_(None))
        orders = _locked(entered)
        for order in orders:
            order.contact_index = None
        session.flush()
        parts = among_values(Order.parent_id, [order.id for order in orders])
        ids += [*(order.id for order in orders), *session.scalars(select(Order.id).where(parts))]
    session.execute(delete(OrderContact).where(among_values(OrderContact.order_id, ids)))


def _blank_words(naming: Naming, touched: Sequence[int], family: set[int]) -> None:
    """Blanks the person out of the words of others in the orders that he or she had to do with."""
    content, event = OrderEventContent, OrderEvent
    named = or_(naming.may_stand_in(content.note), naming.may_stand_in(content.details))
    found = session.execute(
        select(content, event.order_id)
        .join(event, event.id == content.event_id)
        .where(
            or_(
                among_values(event.order_id, sorted(family)),
                and_(named, among_values(event.order_id, touched)),
            )
        )
    ).all()
    for row, order_id in found:
        row.forget(naming, is_own=order_id in family)
    for column in (OrderRating.comment, OrderRequest.reason, Order.task, Order.answers):
        naming.blank_out(column, among_values(_order_of(column), touched))
    described = naming.blank_out(Order.description, among_values(Order.id, touched))
    change_words(_locked(among_values(Order.id, described)))
    blank_notes(naming, KIND, touched)
    audit.blank_reasons(naming, KIND, touched)
