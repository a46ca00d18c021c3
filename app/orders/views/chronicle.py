"""The history of an order as its reader sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.files.queries import FileLink, links
from app.kernel.actor import Actor
from app.orders.access.policy import (
    is_requester,
    is_staff_of,
    may_know_requester,
    may_see_unchecked,
)
from app.orders.access.visible import contents_of
from app.orders.ticket.models import Order, OrderEvent
from app.orders.ticket.states import ContentState
from app.orders.views.rendering import named
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


def event_views(actor: Actor, order: Order, events: Sequence[OrderEvent]) -> list[EventView]:
    """The rows of an order's history as the actor may see them, in their order.

    The requester of an anonymous order has no name, an erased row no words and no pictures. Words
    of residents that have not passed the content check, and details, are for staff.
    """
    contents = contents_of(events)
    names = masked_names({row.actor_id for row in events if row.actor_id is not None})
    staff = is_staff_of(actor, order)
    theirs = {order.requester_id, order.placer_id}
    named_to_reader = is_requester(actor, order) or may_know_requester(actor, order)
    checked = order.content_state is ContentState.PASSED or may_see_unchecked(actor, order)
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
                actor=named(row.actor_id, names)
                if named_to_reader or row.actor_id not in theirs
                else None,
                note=shown.note if shown else None,
                photo_ids=shown_ids,
                photos=[pictures[found] for found in shown_ids if found in pictures],
                details=dict(content.details) if content and staff else {},
            )
        )
    return views
