"""Finds the unit that acts for an order, and its place, grid and point."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.kernel.actor import Actor
from app.kernel.errors import Invalid, instead_of_not_found
from app.organisation.geometry import CoordinateSystem, to_gcj02
from app.organisation.models import Place, Unit
from app.organisation.queries import (
    community_of,
    get_unit,
    get_visible_place,
    is_open,
    locate,
    nearest_community,
    open_unit,
)
from app.people.queries import get_person


@dataclass(frozen=True, slots=True)
class Spot:
    """The unit that acts, and all that is known of the place; the point is in gcj02."""

    unit: Unit
    grid_id: int | None
    place_id: int | None
    latitude: float | None
    longitude: float | None
    address: str | None


def spot_of(
    actor: Actor, unit_id: int | None, place_id: int | None, location: Mapping[str, Any] | None
) -> Spot:
    """The Spot of an order; its unit is the chosen one, else that of the place, the point, or the home.

    Raises Invalid `unit.unknown`, `unit.closed`, `place.unknown`, `place.other_unit`,
    `location.outside`, `order.unit_required`.
    """
    place = None if place_id is None else _place(actor, place_id)
    place_unit = None if place is None else get_unit(place.unit_id)
    latitude, longitude = _point(place, location)
    found = None
    if location is not None and latitude is not None and longitude is not None:
        found = locate(latitude, longitude)
    grid = found.grid if found else None
    unit = _chosen(actor, unit_id) if unit_id is not None else None
    if unit is None and place_unit is not None:
        unit = community_of(place_unit)
    if unit is None and found is not None:
        unit = found.community
    if unit is None and location is not None:
        raise _outside(latitude or 0.0, longitude or 0.0)
    unit = unit or _home(actor)
    if place_unit is not None and not place_unit.path.startswith(unit.path):
        raise Invalid("place.other_unit", "这个地点不在所选的社区，请重新选择。")
    if grid is None and place_unit is not None and place_unit.path.startswith(unit.path):
        grid = place_unit
    inside = grid is not None and grid.path.startswith(unit.path) and grid.id != unit.id
    address = None if location is None else location.get("address")
    return Spot(unit, grid.id if grid and inside else None, place_id, latitude, longitude, address)


def _point(
    place: Place | None, location: Mapping[str, Any] | None
) -> tuple[float | None, float | None]:
    """Latitude and longitude in gcj02: the phone's, else the place's."""
    if location is None:
        return (place.latitude, place.longitude) if place is not None else (None, None)
    latitude, longitude = location["latitude"], location["longitude"]
    if location["coordinate_system"] == CoordinateSystem.WGS84:
        return to_gcj02(latitude, longitude)
    return latitude, longitude


def _place(actor: Actor, place_id: int) -> Place:
    unknown = Invalid("place.unknown", "没有找到这个地点，请重新选择。")
    with instead_of_not_found(unknown):
        place = get_visible_place(actor, place_id)
    if place.closed_at is not None:
        raise unknown
    return place


def _chosen(actor: Actor, unit_id: int) -> Unit:
    unknown = Invalid("unit.unknown", "没有找到这个社区，请重新选择。")
    with instead_of_not_found(unknown):
        unit = get_unit(unit_id)
    if not is_open(unit):
        raise closed_unit()
    community = community_of(unit)
    if community is None and not actor.may("orders.enter", unit.path):
        raise unknown
    return community or unit


def closed_unit() -> Invalid:
    """The error Invalid `unit.closed`, for a unit that is closed."""
    return Invalid("unit.closed", "这个单位已撤并，请选择现在的社区。")


def _outside(latitude: float, longitude: float) -> Invalid:
    nearest = nearest_community(latitude, longitude)
    named = f"离这里最近的是{nearest.name}。" if nearest else ""
    return Invalid(
        "location.outside",
        f"这个位置不在服务范围内，请选择社区。{named}",
        errors={"location": [named]},
    )


def _home(actor: Actor) -> Unit:
    person = get_person(actor.own_id)
    home = get_unit(person.home_unit_id) if person.home_unit_id else None
    if home is not None and not is_open(home):
        home = open_unit(home)
    community = community_of(home) if home is not None else None
    if community is None:
        raise Invalid(
            "order.unit_required",
            "请选择您所在的社区或地点。",
            errors={"unit_id": ["请选择社区。"]},
        )
    return community
