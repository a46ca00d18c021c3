"""The points of units and places, read for many of them at once."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.dispatching.facts import Point
from app.kernel.database import session
from app.organisation.models import Place, Unit, UnitArea


def spots_of_units(unit_ids: Iterable[int]) -> dict[int, Point]:
    """The middle (latitude, longitude) of each unit by unit id, in one statement.

    It is the middle of the rectangle around the areas of the unit and of the units below it. A unit
    without any area is left out.
    """
    around = aliased(Unit)
    below = around.path.concat("%")
    statement = (
        select(
            around.id,
            (func.min(UnitArea.south) + func.max(UnitArea.north)) / 2,
            (func.min(UnitArea.west) + func.max(UnitArea.east)) / 2,
        )
        .join(Unit, Unit.path.like(below))
        .join(UnitArea, UnitArea.unit_id == Unit.id)
        .where(around.id.in_(set(unit_ids)))
        .group_by(around.id)
    )
    found = session.execute(statement)
    return {unit_id: (latitude, longitude) for unit_id, latitude, longitude in found}


def places_by_id(place_ids: Iterable[int]) -> dict[int, Place]:
    """The places and the places around them (building, estate …), by id, in two statements."""
    named = list(session.scalars(select(Place).where(Place.id.in_(set(place_ids)))))
    above = {int(step) for place in named for step in place.path.split("/") if step}
    around = session.scalars(select(Place).where(Place.id.in_(above)))
    return {place.id: place for place in (*named, *around)}


def spot_of_place(place_id: int, places: dict[int, Place]) -> Point | None:
    """The point of the place, else of the nearest place around it that has one; None without any.

    `places` is the answer of `places_by_id`.
    """
    place = places[place_id]
    for step in reversed([int(step) for step in place.path.split("/") if step]):
        around = places.get(step)
        if around is not None and around.latitude is not None and around.longitude is not None:
            return around.latitude, around.longitude
    return None
