"""Reads of places: everybody sees estates, buildings and doorways, the unit's staff see rooms too."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import selectinload

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.kept import KeptColumn
from app.kernel.errors import Invalid, not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.geometry import Point
from app.organisation.models import Place, Unit
from app.organisation.policy import room_paths
from app.organisation.queries.units import get_visible_unit, subtree_ids
from app.organisation.states import PlaceKind

ORDER = (Key(Place.sort), Key(Place.id))
SHORTEST_WORD = 2


def get_place(place_id: int) -> Place:
    """Returns the place with this id, open or closed; raises NotFound `not_found`.

    It is for the program's own use: nobody's right to see the place is checked.
    """
    place = session.get(Place, place_id)
    if place is None:
        raise not_found()
    return place


def point_of(place: Place) -> Point | None:
    """Returns (latitude, longitude) of the place, or of the nearest place around it that has a point."""
    around = [int(step) for step in place.path.split("/") if step]
    known = select(Place.id, Place.latitude, Place.longitude).where(
        Place.id.in_(around), Place.latitude.is_not(None), Place.longitude.is_not(None)
    )
    points = {row.id: (row.latitude, row.longitude) for row in session.execute(known)}
    return next((points[step] for step in reversed(around) if step in points), None)


def same_building(place: Place) -> Select[int]:
    """Returns a statement for the ids of the places that people take for the same spot.

    Of an estate these are all places in it, else all in the place's building, and the estate itself.
    """
    steps = [step for step in place.path.split("/") if step]
    if place.kind is PlaceKind.ESTATE:
        return select(Place.id).where(Place.path.startswith(place.path, autoescape=True))
    building = f"/{'/'.join(steps[:2])}/"
    return select(Place.id).where(
        or_(Place.path.startswith(building, autoescape=True), Place.id == int(steps[0]))
    )


_names = KeptColumn(Place.full_name)


def place_names(place_ids: Iterable[int]) -> dict[int, str]:
    """Returns full names of places by id, of closed ones too; unknown ids are missing."""
    return _names.of(place_ids)


def places_visible_to(actor: Actor) -> Select[Place]:
    """Returns a statement for the places that the actor may see.

    These are all places but rooms, and the rooms in the subtrees of `policy.room_paths`.
    """
    own = [
        Place.unit_id.in_(select(Unit.id).where(Unit.path.startswith(path, autoescape=True)))
        for path in room_paths(actor)
    ]
    return (
        select(Place)
        .where(or_(Place.kind != PlaceKind.ROOM, *own))
        .options(selectinload(Place.provider))
    )


def get_visible_place(actor: Actor, place_id: int) -> Place:
    """Returns the place where the actor may see it; else raises NotFound `not_found`."""
    place = session.scalar(places_visible_to(actor).where(Place.id == place_id))
    if place is None:
        raise not_found()
    return place


def list_places(
    actor: Actor,
    *,
    parent_id: int | None,
    unit_id: int | None,
    kind: PlaceKind | None,
    q: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Place]:
    """Returns a page of open places that the actor may see, in their sorting order.

    Without `parent_id`, `q` and `kind` these are the estates; with `parent_id` the places directly
    in that place; with `q` those whose full name has all the words of `q`, with `parent_id` as well
    anywhere in that place. `unit_id` keeps those that the unit or a unit below it looks after,
    `kind` those of one kind.

    Raises NotFound `not_found`; Invalid `place.query_too_short` (less than two characters) and
    `cursor.invalid`.
    """
    statement = places_visible_to(actor).where(Place.closed_at.is_(None))
    parent = None if parent_id is None else get_visible_place(actor, parent_id)
    if q is not None:
        statement = statement.where(*_matches(q))
        if parent is not None:
            statement = statement.where(
                Place.path.startswith(parent.path, autoescape=True), Place.id != parent.id
            )
    elif parent is not None:
        statement = statement.where(Place.parent_id == parent.id)
    elif kind is None:
        statement = statement.where(Place.parent_id.is_(None))
    if unit_id is not None:
        unit = get_visible_unit(actor, unit_id)
        statement = statement.where(Place.unit_id.in_(subtree_ids(unit.path)))
    if kind is not None:
        statement = statement.where(Place.kind == kind)
    return paginate(statement, ORDER, cursor=cursor, limit=limit)


def _matches(q: str) -> list[ColumnElement[bool]]:
    words = q.split()
    if len("".join(words)) < SHORTEST_WORD:
        raise Invalid("place.query_too_short", "请至少输入两个字再查找。")
    return [Place.full_name.icontains(word, autoescape=True) for word in words]
