"""The part about orders of a person's copy of the own data, in clear."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.categories.queries import names_of
from app.kernel.clock import to_local
from app.kernel.database import session
from app.orders.ticket.models import (
    Order,
    OrderAssignee,
    OrderContact,
    OrderEvent,
    OrderEventContent,
    OrderFollower,
    OrderRating,
    OrderRequest,
)
from app.orders.ticket.states import STAFF_WORDS, TABLE

_PERSONAL = [*Order.erased_columns("words"), *Order.erased_columns("place")]
# By part of the copy: the column with the person, and the fields that are copied.
_SIDE_ROWS: dict[str, tuple[InstrumentedAttribute[Any], tuple[str, ...]]] = {
    "ratings": (OrderRating.person_id, ("at", "solved", "satisfied", "stars", "comment")),
    "requests": (OrderRequest.asked_by_id, ("kind", "state", "reason", "asked_at")),
    "joined": (OrderFollower.person_id, ("since",)),
    "handled": (OrderAssignee.person_id, ("part", "since", "until")),
}


def export_of(person_id: int) -> dict[str, Any]:
    """The orders that the person has placed, joined and handled, and the person's own words in them.

    A dict of lists: placed, said, ratings, requests, joined, handled. Times are RFC 3339 text of
    Shanghai.
    """
    placed = session.scalars(
        select(Order)
        .where(
            or_(Order.requester_id == person_id, Order.placer_id == person_id),
            # The requester of a part is a dispatcher, for whom it is work.
            Order.parent_id.is_(None),
        )
        .order_by(Order.id)
    ).all()
    named = names_of(order.category_id for order in placed if order.category_id is not None)
    return {
        "placed": [_placed(order, named.get(order.category_id or 0)) for order in placed],
        "said": _said(person_id),
    } | {
        name: [_fields(order, row, *names) for order, row in _beside(column, person_id)]
        for name, (column, names) in _SIDE_ROWS.items()
    }


def _placed(order: Order, category: str | None) -> dict[str, Any]:
    contact = session.get(OrderContact, order.id) or OrderContact()
    shown = _fields(
        order,
        order,
        *(name for name in _PERSONAL if name != "contact_index"),
        *("number", "anonymous", "submitted_at", "completed_at", "closed_at"),
    )
    del shown["order"]
    return shown | {
        "status": STAFF_WORDS[order.status],
        "category": category,
        "contact": {field: contact.opened(field) for field in OrderContact.FIELDS},
    }


def _said(person_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Order, OrderEvent, OrderEventContent)
        .join(OrderEvent, OrderEvent.order_id == Order.id)
        .outerjoin(OrderEventContent, OrderEventContent.event_id == OrderEvent.id)
        .where(OrderEvent.actor_id == person_id)
        .order_by(OrderEvent.id)
    )
    return [
        {
            "order": order.number,
            "action": TABLE[event.action].word,
            "at": _plain(event.happened_at),
            "note": content.note if content is not None else None,
            "photo_ids": content.photo_ids if content is not None else [],
        }
        for order, event, content in rows
    ]


def _beside(column: InstrumentedAttribute[Any], person_id: int) -> Iterable[Any]:
    """Pairs of an order and a side row that has the person in the column, in the order of the rows."""
    model = column.class_
    pairs = select(Order, model).join(model, model.order_id == Order.id)
    return session.execute(pairs.where(column == person_id).order_by(model.id))


def _fields(order: Order, row: Any, *names: str) -> dict[str, Any]:
    return {"order": order.number} | {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    is_time = isinstance(value, datetime)
    return to_local(value).isoformat(timespec="seconds") if is_time else value
