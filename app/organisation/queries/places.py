"""Reading places: estates, buildings and doorways are public, rooms are for the unit's staff."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import selectinload

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.kept import KeptColumn
from app.kernel.errors import Invalid, not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.models import Place, Unit
from app.organisation.policy import room_paths
from app.organisation.queries.units import get_visible_unit, subtree_ids
from app.organisation.states import PlaceKind

ORDER = (Key(Place.sort), Key(Place.id))
SHORTEST_WORD = 2


def get_place(place_id: int) -> Place:
    """The place, closed or not, whoever asks; raises NotFound."""
    place = session.get(Place, place_id)
    if place is None:
        raise not_found()
    return place


_names = KeptColumn(Place.full_name)


def place_names(place_ids: Iterable[int]) -> dict[int, str]:
    """Full names by id, of closed ones too."""
    return _names.of(place_ids)


def places_visible_to(actor: Actor) -> Select[Place]:
    """Every place but rooms; rooms only where the actor is staff of the unit or above it."""
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
    """The place, or NotFound."""
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
    """Children of a place, or what the words find, or the estates; `unit_id` means its subtree.

    With `parent_id` and `q` the search is in the whole subtree of the place. Raises Invalid
    `place.query_too_short`.
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
