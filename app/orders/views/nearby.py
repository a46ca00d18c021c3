"""附近的同类事: open orders about public places close by, which a neighbour may join (附议).

Where both places are known the building decides, else the distance, which each category limits. The
reader sees a rounded distance and no person.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, func

from app.categories.models import Category
from app.categories.queries import category_or_none, public_categories
from app.files.queries import FileLink, links
from app.files.states import ContentState as FileState
from app.kernel.actor import Actor
from app.kernel.clock import local_date
from app.kernel.database import session
from app.kernel.errors import Invalid, instead_of_not_found
from app.orders.access.visible import orders_joinable_by
from app.orders.ticket.models import Order
from app.organisation.geometry import CoordinateSystem, Point, box_around, haversine, in_gcj02
from app.organisation.models import Place
from app.organisation.queries import get_place, get_visible_place, point_of, same_building
from app.people.queries import home_of

MOST = 5
# The reader sees distances in steps of so many metres.
STEP = 50
# Of the orders in the square around the point, this many of the nearest are measured exactly.
_MEASURED = 100
_SHOWN = (FileState.PENDING, FileState.PASSED)
_COLUMNS = (
    Order.id,
    Order.category_id,
    Order.place_id,
    Order.latitude,
    Order.longitude,
    Order.photo_ids,
    Order.joined,
    Order.submitted_at,
)

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class NearbyView:
    """All that a neighbour learns of an order: `distance` in metres, `joined` is how many joined."""

    id: int
    category: dict[str, Any]
    distance: int
    thumbnail_url: str | None
    joined: int
    submitted_on: date


def nearby_orders(
    actor: Actor,
    *,
    latitude: float | None = None,
    longitude: float | None = None,
    coordinate_system: CoordinateSystem = CoordinateSystem.GCJ02,
    category_id: int | None = None,
    place_id: int | None = None,
) -> list[NearbyView]:
    """At most five open orders that the actor may join, the nearest first.

    `category_id` keeps one category, or the leaves of one group. Without a place and a point the
    actor's saved home is taken.

    Raises Invalid `nearby.where_missing`, `place.unknown`, `category.unknown`.
    """
    if latitude is None and longitude is None and place_id is None:
        place_id = home_of(actor)
        place = None if place_id is None else get_place(place_id)
    else:
        with instead_of_not_found(Invalid("place.unknown", "没有找到这个地点，请重新选择。")):
            place = None if place_id is None else get_visible_place(actor, place_id)
    if (latitude is None) != (longitude is None) or (latitude is None and place is None):
        raise Invalid("nearby.where_missing", "请选择地点，或打开手机定位。")
    kinds = _kinds(actor, category_id)
    if not kinds:
        return []
    if latitude is not None and longitude is not None:
        origin: Point | None = in_gcj02(latitude, longitude, coordinate_system)
    else:
        origin = None if place is None else point_of(place)
    found = _found(actor, kinds, origin, place)
    found.sort(key=lambda entry: (entry[0], entry[1].place_id != place_id, -entry[1].id))
    return _views(found[:MOST], kinds)


def _kinds(actor: Actor, category_id: int | None) -> dict[int, Category]:
    """The categories of public places that the reader means, by id."""
    with instead_of_not_found(Invalid("category.unknown", "没有这个分类，请重新选择。")):
        category_or_none(category_id)
    return {category.id: category for category in public_categories(actor, category_id)}


def _found(
    actor: Actor, kinds: Mapping[int, Category], origin: Point | None, place: Place | None
) -> list[tuple[float, Row[Any]]]:
    """Rows with their distance in metres; 0 where the building is the same and a point is missing."""
    found = []
    if place is not None:
        here = Order.place_id.in_(same_building(place))
        found = [
            (_distance(origin, row) or 0.0, row)
            for row in _rows(actor, origin, here, Order.category_id.in_(kinds))
        ]
    if origin is None:
        return found
    elsewhere = [] if place is None else [Order.place_id.is_(None)]
    for radius in {category.nearby_m for category in kinds.values()}:
        alike = [kind.id for kind in kinds.values() if kind.nearby_m == radius]
        (south, west), (north, east) = box_around(origin, radius)
        box = Order.latitude.between(south, north), Order.longitude.between(west, east)
        for row in _rows(actor, origin, *box, *elsewhere, Order.category_id.in_(alike)):
            distance = _distance(origin, row)
            if distance is not None and distance <= radius:
                found.append((distance, row))
    return found


def _rows(actor: Actor, origin: Point | None, *conditions: Condition) -> Iterable[Row[Any]]:
    statement = orders_joinable_by(actor).with_only_columns(*_COLUMNS).where(*conditions)
    if origin is not None:
        latitude, longitude = origin
        north = Order.latitude - latitude
        east = (Order.longitude - longitude) * math.cos(math.radians(latitude))
        statement = statement.order_by(func.coalesce(north * north + east * east, 0))
    return session.execute(statement.order_by(Order.id.desc()).limit(_MEASURED))


def _distance(origin: Point | None, row: Row[Any]) -> float | None:
    if origin is None or row.latitude is None or row.longitude is None:
        return None
    return haversine(*origin, row.latitude, row.longitude)


def _views(
    found: Iterable[tuple[float, Row[Any]]], kinds: Mapping[int, Category]
) -> list[NearbyView]:
    entries = list(found)
    pictures = links(photo_id for _, row in entries for photo_id in row.photo_ids)
    return [
        NearbyView(
            id=row.id,
            category={"id": row.category_id, "name": kinds[row.category_id].name},
            distance=round(distance / STEP) * STEP,
            thumbnail_url=_thumbnail(row.photo_ids, pictures),
            joined=row.joined,
            submitted_on=local_date(row.submitted_at),
        )
        for distance, row in entries
    ]


def _thumbnail(photo_ids: Iterable[int], pictures: Mapping[int, FileLink]) -> str | None:
    """The address of the first thumbnail whose picture nobody has held back or refused."""
    for photo_id in photo_ids:
        picture = pictures.get(photo_id)
        if picture is not None and picture.content_state in _SHOWN:
            return picture.thumbnail_url
    return None
