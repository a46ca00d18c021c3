"""Orders as their reader may see them: names masked, points rounded, unchecked words left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.categories.queries import names_of as category_names
from app.categories.states import URGENCY_RANK
from app.files.queries import FileLink, links
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import mask_name, mask_phone
from app.kernel.database import session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import at_hand, fetch, table_of
from app.orders.access.policy import (
    actions_of,
    is_holder,
    is_requester,
    is_staff_of,
    may_decide,
    may_know_requester,
    may_see_contact,
    may_see_unchecked,
    takes_part,
)
from app.orders.record.hands import assignees_of, last_hands
from app.orders.ticket.models import Order, OrderContact, OrderRating, OrderRequest
from app.orders.ticket.states import CloseKind, ContentState, OrderStatus, RequestKind, RequestState
from app.organisation.queries import place_names, provider_names, unit_names
from app.people.queries import masked_names

# Decimals of a degree, about a kilometre, for readers who may not know the place.
ROUNDED_DIGITS = 2


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order as one reader may see it; None and empty where the reader may not see a thing."""

    id: int
    number: str
    version: int
    order: Order
    flags: list[str]
    category: dict[str, Any] | None
    unit: dict[str, Any]
    first_unit: dict[str, Any]
    attention_unit: dict[str, Any]
    grid: dict[str, Any] | None
    place: dict[str, Any] | None
    description: str | None
    answers: dict[str, Any]
    external_number: str | None
    location: dict[str, Any] | None
    photos: list[FileLink]
    voice: FileLink | None
    requester: dict[str, Any] | None
    contact: dict[str, Any] | None
    assignees: list[dict[str, Any]]
    offered_to: dict[str, Any] | None
    next_due_at: datetime | None
    deadlines: list[dict[str, Any]]
    rating: OrderRating | None
    requests: list[dict[str, Any]]
    actions: list[str]
    visit_code: str | None


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Rows and names of other tables for a page of orders, read once."""

    units: Mapping[int, str]
    places: Mapping[int, str]
    categories: Mapping[int, str]
    contacts: Mapping[int, Any]
    assignees: Mapping[int, list[Any]]
    providers: Mapping[int, str]
    people: Mapping[int, str]
    ratings: Mapping[int, OrderRating]
    requests: Mapping[int, list[Any]]
    files: Mapping[int, FileLink]


def views_of(actor: Actor, orders: Sequence[Order]) -> list[OrderView]:
    """The orders as the actor may see them, in their order; one statement for each other table."""
    around = _surroundings(orders)
    return [_view(actor, order, around) for order in orders]


def _surroundings(orders: Sequence[Order]) -> _Surroundings:
    ids = [order.id for order in orders]
    # A new order has no assignees and no requests yet.
    touched = [order.id for order in orders if order.version > 1]
    assignees = assignees_of(touched)
    requests = _requests_of(touched)
    ended = [o.id for o in orders if o.completed_at is not None or o.round > 1]
    hands = [row for rows in assignees.values() for row in rows]
    people = {p for o in orders for p in (o.requester_id, o.placer_id, o.offered_to_id)}
    people |= {row.person_id for row in hands}
    units = {u for o in orders for u in (o.handling_unit_id, o.first_unit_id, o.attention_unit_id)}
    units |= {o.grid_id for o in orders if o.grid_id is not None}
    file_ids = [photo for o in orders for photo in o.photo_ids]
    file_ids += [o.voice_id for o in orders if o.voice_id is not None]
    return _Surroundings(
        units=unit_names(units),
        places=place_names({o.place_id for o in orders if o.place_id is not None}),
        categories=category_names({o.category_id for o in orders if o.category_id is not None}),
        contacts=_contacts(ids),
        assignees=assignees,
        providers=provider_names({h.provider_id for h in hands if h.provider_id is not None}),
        people=masked_names({person for person in people if person is not None}),
        ratings=_ratings(ended),
        requests=requests,
        files=links(file_ids) if file_ids else {},
    )


_ASKED = table_of(OrderRequest)
_REQUESTS = select(_ASKED).where(among(_ASKED.c.order_id, "order_ids")).order_by(_ASKED.c.id)
_OPENED = table_of(OrderContact).c
_CONTACTS = select(_OPENED.order_id, _OPENED.name, _OPENED.phone).where(
    among(_OPENED.order_id, "order_ids")
)
_RATINGS = (
    select(OrderRating).where(among(OrderRating.order_id, "order_ids")).order_by(OrderRating.id)
)


def _contacts(order_ids: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = dict(at_hand(OrderContact, order_ids))
    missing = [order_id for order_id in order_ids if order_id not in found]
    read = fetch(_CONTACTS, {"order_ids": missing}) if missing else ()
    return found | {row.order_id: row for row in read}


def _ratings(order_ids: Sequence[int]) -> dict[int, OrderRating]:
    """The last rating of each order, because the rows come by id."""
    found = session.scalars(_RATINGS, {"order_ids": order_ids}) if order_ids else ()
    return {row.order_id: row for row in found}


def _requests_of(order_ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    if order_ids:
        for row in fetch(_REQUESTS, {"order_ids": order_ids}):
            found.setdefault(row.order_id, []).append(row)
    return found


def _view(actor: Actor, order: Order, around: _Surroundings) -> OrderView:
    mine = is_requester(actor, order)
    near = mine or may_see_contact(actor, order)
    staff = actor.is_system or is_staff_of(actor, order)
    rows = around.assignees.get(order.id, [])
    # A person who is asked to agree must know what the order is about.
    asked = any(_decides(actor, row, order) for row in around.requests.get(order.id, []))
    involved = mine or staff or asked or takes_part(actor, order) or _works(actor, order, rows)
    asked_of = staff or actor.person_id == order.offered_to_id
    inside = staff or asked or _has_hand(actor, order) or (not mine and _works(actor, order, rows))
    unhidden = mine or (involved and may_know_requester(actor, order))
    checked = involved and (
        asked or order.content_state is ContentState.PASSED or may_see_unchecked(actor, order)
    )
    return OrderView(
        id=order.id,
        number=order.number,
        version=order.version,
        order=order,
        flags=_flags(order),
        category=named(order.category_id, around.categories),
        unit=named(order.handling_unit_id, around.units) or {},
        first_unit=named(order.first_unit_id, around.units) or {},
        attention_unit=named(order.attention_unit_id, around.units) or {},
        grid=named(order.grid_id, around.units),
        place=named(order.place_id, around.places) if near else None,
        description=order.description if checked else None,
        answers=order.answers if checked else {},
        external_number=order.external_number if staff or mine else None,
        location=_location(order, exact=near),
        photos=[around.files[found] for found in order.photo_ids if found in around.files]
        if checked
        else [],
        voice=around.files.get(order.voice_id or 0) if checked else None,
        requester=named(order.requester_id, around.people) if unhidden else None,
        contact=_contact(around.contacts.get(order.id)) if unhidden and (staff or near) else None,
        assignees=[_assignee(row, around) for row in _current(order, rows) if involved],
        offered_to=named(order.offered_to_id, around.people) if asked_of else None,
        next_due_at=order.next_due_at if inside else _promised_day(order),
        deadlines=_promise(order),
        rating=around.ratings.get(order.id) if mine or staff or is_holder(actor, order) else None,
        requests=_requests(actor, order, around),
        actions=actions_of(actor, order),
        visit_code=order.visit_code if mine and order.is_held else None,
    )


def named(found: int | None, names: Mapping[int, str]) -> dict[str, Any] | None:
    """The id with its name ("" where `names` has none), as the schema Named; None for None."""
    return None if found is None else {"id": found, "name": names.get(found, "")}


def _flags(order: Order) -> list[str]:
    conditions = {
        "asked": order.asked_at is not None,
        "long_term": order.long_term,
        "to_decide": order.to_decide,
        "appealed": order.appealed,
        "follow_up_due": order.follow_up_due,
        "content_unchecked": order.content_state is ContentState.PENDING,
        "unanswered": order.close_kind is CloseKind.UNANSWERED,
        "not_recognised": order.close_kind is CloseKind.NOT_RECOGNISED,
        "part": order.parent_id is not None,
        # The resident wishes for more urgency than the order has; the wish itself pages nobody.
        "wished_urgent": order.wished_urgency is not None
        and URGENCY_RANK.index(order.wished_urgency) > URGENCY_RANK.index(order.urgency),
    }
    return [name for name, holds in conditions.items() if holds]


def _location(order: Order, *, exact: bool) -> dict[str, Any] | None:
    if order.latitude is None or order.longitude is None:
        return None
    digits = 7 if exact else ROUNDED_DIGITS
    return {
        "latitude": round(order.latitude, digits),
        "longitude": round(order.longitude, digits),
        "coordinate_system": "gcj02",
        "address": None,
    }


def _contact(row: Any) -> dict[str, Any] | None:
    if row is None:
        return None
    name, phone = OrderContact.opened(row, "name"), OrderContact.opened(row, "phone")
    if name is None and phone is None:
        return None
    return {"name": mask_name(name or "") or None, "phone": mask_phone(phone) if phone else None}


def _works(actor: Actor, order: Order, rows: Sequence[Any]) -> bool:
    """Whether the reader may claim orders of the unit, or is or was a handler of this one."""
    return actor.may("orders.claim", order.handling_path) or any(
        row.person_id is not None and row.person_id == actor.person_id for row in rows
    )


def _has_hand(actor: Actor, order: Order) -> bool:
    """Who handles it now, helps, or was asked to handle it."""
    hands = (order.holder_id, order.offered_to_id, *order.helper_ids)
    return actor.person_id is not None and actor.person_id in hands


def _current(order: Order, rows: Sequence[Any]) -> list[Any]:
    if order.status in (OrderStatus.COMPLETED, OrderStatus.CLOSED):
        return last_hands(rows)
    return [row for row in rows if row.until is None]


def _assignee(row: Any, around: _Surroundings) -> dict[str, Any]:
    if row.provider_id is None:
        found, name = row.person_id, around.people.get(row.person_id or 0, "")
    else:
        found, name = row.provider_id, around.providers.get(row.provider_id, "")
    return {"kind": row.kind, "id": found, "name": name, "part": row.part}


def _promised_day(order: Order) -> datetime | None:
    """For readers who neither handle the order nor work at its desk: dates in between are internal."""
    return order.due_at if order.is_open else None


def _promise(order: Order) -> list[dict[str, Any]]:
    """The promised date alone, as one DeadlineOut; empty where nothing is promised."""
    if order.due_at is None:
        return []
    met_at: datetime | None = order.completed_at
    return [
        {
            "stage": "solve",
            "round": order.round,
            "due_at": order.due_at,
            "met_at": met_at,
            "state": _promise_state(order, order.due_at, met_at),
            "late_reason": None,
            "late_note": None,
        }
    ]


def _promise_state(order: Order, due_at: datetime, met_at: datetime | None) -> str:
    if met_at is not None:
        return "met" if met_at <= due_at else "missed"
    if order.status in (OrderStatus.SUSPENDED, OrderStatus.MERGED):
        return "paused"
    if not order.is_open:
        return "void"
    return "missed" if due_at <= now() else "pending"


def _decides(actor: Actor, row: Any, order: Order) -> bool:
    return row.state is RequestState.PENDING and may_decide(actor, row, order)


def _requests(actor: Actor, order: Order, around: _Surroundings) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "state": row.state,
            "asked_at": row.asked_at,
            "until": row.until,
            "wanted_at": _wanted(row),
            "reason": row.reason,
            "may_decide": _decides(actor, row, order),
        }
        for row in around.requests.get(order.id, [])
        if is_staff_of(actor, order)
        # Reasons of other requests are between staff and handlers.
        or (row.kind is RequestKind.CANCEL and is_requester(actor, order))
        or row.asked_by_id == actor.person_id
        or may_decide(actor, row, order)
    ]


def _wanted(row: Any) -> datetime | None:
    """The date that is asked for: the end of a pause, or the new date to be done by."""
    asked = row.details.get("until") or row.details.get("due_at")
    return None if asked is None else datetime.fromisoformat(asked)
