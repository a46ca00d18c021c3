"""The orders part of a person's copy of the own data, in clear."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

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


def export_of(person_id: int) -> dict[str, Any]:
    """Orders placed, joined and handled, and all that the person has said in them."""
    placed = session.scalars(
        select(Order)
        .where(
            or_(Order.requester_id == person_id, Order.placer_id == person_id),
            # Parts are a dispatcher's work, not his own matters.
            Order.parent_id.is_(None),
        )
        .order_by(Order.id)
    ).all()
    named = names_of(order.category_id for order in placed if order.category_id is not None)
    return {
        "placed": [_placed(order, named.get(order.category_id or 0)) for order in placed],
        "said": _said(person_id),
        "ratings": _ratings(person_id),
        "requests": _requests(person_id),
        "joined": _joined(person_id),
        "handled": _handled(person_id),
    }


def _placed(order: Order, category: str | None) -> dict[str, Any]:
    contact = session.get(OrderContact, order.id)
    return {
        "number": order.number,
        "status": STAFF_WORDS[order.status],
        "category": category,
        "description": order.description,
        "answers": order.answers,
        "preferred_times": order.preferred_times,
        "anonymous": order.anonymous,
        "place_id": order.place_id,
        "latitude": order.latitude,
        "longitude": order.longitude,
        "photo_ids": order.photo_ids,
        "voice_id": order.voice_id,
        "contact": {
            field: contact.opened(field) if contact else None
            for field in ("name", "phone", "address")
        },
        "submitted_at": _text(order.submitted_at),
        "completed_at": _text(order.completed_at),
        "closed_at": _text(order.closed_at),
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
            "at": _text(event.happened_at),
            "note": content.note if content is not None else None,
            "photo_ids": content.photo_ids if content is not None else [],
        }
        for order, event, content in rows
    ]


def _ratings(person_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Order, OrderRating)
        .join(OrderRating, OrderRating.order_id == Order.id)
        .where(OrderRating.person_id == person_id)
        .order_by(OrderRating.id)
    )
    return [
        {
            "order": order.number,
            "at": _text(rating.at),
            "solved": rating.solved,
            "satisfied": rating.satisfied,
            "stars": rating.stars,
            "comment": rating.comment,
        }
        for order, rating in rows
    ]


def _requests(person_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Order, OrderRequest)
        .join(OrderRequest, OrderRequest.order_id == Order.id)
        .where(OrderRequest.asked_by_id == person_id)
        .order_by(OrderRequest.id)
    )
    return [
        {
            "order": order.number,
            "kind": request.kind.value,
            "state": request.state.value,
            "reason": request.reason,
            "asked_at": _text(request.asked_at),
        }
        for order, request in rows
    ]


def _joined(person_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Order, OrderFollower.since)
        .join(OrderFollower, OrderFollower.order_id == Order.id)
        .where(OrderFollower.person_id == person_id)
        .order_by(OrderFollower.id)
    )
    return [{"order": order.number, "since": _text(since)} for order, since in rows]


def _handled(person_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Order, OrderAssignee)
        .join(OrderAssignee, OrderAssignee.order_id == Order.id)
        .where(OrderAssignee.person_id == person_id)
        .order_by(OrderAssignee.id)
    )
    return [
        {
            "order": order.number,
            "part": assignee.part,
            "since": _text(assignee.since),
            "until": _text(assignee.until),
        }
        for order, assignee in rows
    ]


def _text(moment: datetime | None) -> str | None:
    return to_local(moment).isoformat(timespec="seconds") if moment else None
