"""How the history of an order looks to the one who reads it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.files.queries import FileLink, links
from app.kernel.actor import Actor
from app.kernel.database import session
from app.orders.models import Order, OrderEvent, OrderEventContent
from app.orders.policy import is_requester, is_staff_of, may_know_requester, may_see_unchecked
from app.orders.queries.rendering import named
from app.orders.states import ContentState
from app.people.queries import masked_names


@dataclass(frozen=True, slots=True)
class EventView:
    """One row of the history as one reader sees it."""

    event: OrderEvent
    actor: dict[str, Any] | None
    note: str | None
    photo_ids: list[int]
    photos: list[FileLink]
    details: dict[str, Any]


def contents_of(events: Iterable[OrderEvent]) -> dict[int, OrderEventContent]:
    """The words and pictures of history rows by event id; erased ones are missing."""
    ids = [event.id for event in events]
    rows = session.scalars(select(OrderEventContent).where(OrderEventContent.event_id.in_(ids)))
    return {row.event_id: row for row in rows}


def event_views(actor: Actor, order: Order, events: Sequence[OrderEvent]) -> list[EventView]:
    """History rows for their reader; the requester of an anonymous order stays unnamed."""
    contents = contents_of(events)
    names = masked_names({row.actor_id for row in events if row.actor_id is not None})
    staff = is_staff_of(actor, order)
    hidden = set()
    if not may_know_requester(actor, order) and not is_requester(actor, order):
        hidden = {order.requester_id, order.placer_id}
    checked = order.content_state is ContentState.PASSED or may_see_unchecked(actor, order)
    theirs = {order.requester_id, order.placer_id}
    photo_ids = [found for content in contents.values() for found in content.photo_ids]
    pictures = links(photo_ids) if photo_ids else {}
    views = []
    for row in events:
        content = contents.get(row.id)
        shown = content if checked or row.actor_id not in theirs else None
        shown_ids = list(shown.photo_ids) if shown else []
        views.append(
            EventView(
                event=row,
                actor=None if row.actor_id in hidden else named(row.actor_id, names),
                note=shown.note if shown else None,
                photo_ids=shown_ids,
                photos=[pictures[found] for found in shown_ids if found in pictures],
                details=dict(content.details) if content and staff else {},
            )
        )
    return views
