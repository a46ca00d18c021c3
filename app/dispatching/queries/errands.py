"""Reads what orders ask of their handlers, for many orders at once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.categories.models import Category
from app.categories.states import Urgency
from app.dispatching.facts import Caps, Errand, Point
from app.dispatching.hours import Times
from app.dispatching.queries.spots import places_by_id, spot_of_place, spots_of_units
from app.kernel.database import session
from app.orders.ticket.models import Order
from app.organisation.models import Place
from app.organisation.queries import setting

EMERGENCY, URGENT, GREEN, NORMAL = range(4)


def errands_of(orders: Sequence[Order], at: datetime) -> dict[int, Errand]:
    """The errands of the orders by order id, read with at most four statements.

    `at` is the present moment: preferred times that are over by then are left out.
    """
    category_ids = {order.category_id for order in orders}
    categories = {
        category.id: category
        for category in session.scalars(select(Category).where(Category.id.in_(category_ids)))
    }
    places = places_by_id(order.place_id for order in orders if order.place_id is not None)
    spots = spots_of_units(order.grid_id for order in orders if order.grid_id is not None)
    return {
        order.id: _errand(order, categories.get(order.category_id or 0), places, spots, at)
        for order in orders
    }


def _errand(
    order: Order,
    category: Category | None,
    places: dict[int, Place],
    spots: dict[int, Point],
    at: datetime,
) -> Errand:
    return Errand(
        order_id=order.id,
        unit_id=order.handling_unit_id,
        path=order.handling_path,
        rank=rank_of(order),
        submitted_at=order.submitted_at,
        own=frozenset(p for p in (order.requester_id, order.placer_id) if p is not None),
        with_id=order.holder_id if order.is_held else order.offered_to_id,
        spot=_spot(order, places, spots),
        place_path="" if order.place_id is None else places[order.place_id].path,
        skills=tuple(category.skills) if category else (),
        vetted_only=category is not None and category.vetted_only,
        sensitive=order.sensitive,
        people=max(order.people_needed, 2 if category is not None and category.two_people else 1),
        times=tuple(future_times(order.preferred_times, at)),
    )


def rank_of(order: Order) -> int:
    """Returns 0 for an emergency (特急), 1 urgent (紧急), 2 green channel (绿色通道), 3 all others."""
    if order.urgency is Urgency.EMERGENCY:
        return EMERGENCY
    if order.urgency is Urgency.URGENT:
        return URGENT
    return GREEN if order.green_channel else NORMAL


def _spot(order: Order, places: dict[int, Place], spots: dict[int, Point]) -> Point | None:
    if order.latitude is not None and order.longitude is not None:
        return order.latitude, order.longitude
    found = None if order.place_id is None else spot_of_place(order.place_id, places)
    # A community's middle is no answer: it is too large to tell how far away the order is.
    return found or spots.get(order.grid_id or 0)


def future_times(spans: Iterable[Any], at: datetime) -> Iterator[Times]:
    """The spans that end after `at`, each beginning at `at` at the earliest.

    `spans` are {"since", "until"} with ISO 8601 texts, as orders keep them.
    """
    for span in spans:
        since, until = (datetime.fromisoformat(span[end]) for end in ("since", "until"))
        if until > at:
            yield max(since, at), until


def caps_of(unit_ids: Iterable[int]) -> dict[int, Caps]:
    """The caps of the units by unit id, from the settings `orders.open_cap` and `orders.daily_cap`."""
    return {
        unit_id: Caps(setting(unit_id, "orders.open_cap"), setting(unit_id, "orders.daily_cap"))
        for unit_id in set(unit_ids)
    }
