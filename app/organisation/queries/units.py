"""Reads of units and of their tree."""

from collections.abc import Iterable

from sqlalchemy import Select, bindparam, select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.kept import KeptColumn, KeptRows
from app.kernel.errors import Invalid, NotFound, not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.models import Unit, UnitArea
from app.organisation.states import UnitKind

ORDER = (Key(Unit.sort), Key(Unit.id))
_kept = KeptRows(Unit)
_names = KeptColumn(Unit.name)


def get_unit(unit_id: int) -> Unit:
    """Returns the unit with this id, open or closed; raises NotFound `not_found`."""
    unit = _kept.get(unit_id)
    if unit is None:
        raise not_found()
    return unit


def unit_called(named: str) -> Unit:
    """Returns the unit whose code is `named`, or else the one whose id it is.

    Raises Invalid `unit.unknown`.
    """
    ways = [Unit.code == named]
    if named.isascii() and named.isdigit() and len(named) < 19:
        ways.append(Unit.id == int(named))
    for way in ways:
        found = session.scalar(select(Unit).where(way))
        if found is not None:
            return found
    raise Invalid("unit.unknown", f"没有编号是“{named}”的单位。")


def unit_names(unit_ids: Iterable[int]) -> dict[int, str]:
    """Returns names of units by id, of closed ones too; unknown ids are missing."""
    return _names.of(unit_ids)


def units_visible_to(actor: Actor) -> Select[Unit]:
    """Returns a statement for all units: everybody who has logged in must find the right community."""
    return select(Unit)


def get_visible_unit(actor: Actor, unit_id: int) -> Unit:
    """Returns the unit; raises NotFound `not_found`."""
    unit = session.scalar(units_visible_to(actor).where(Unit.id == unit_id))
    if unit is None:
        raise not_found()
    return unit


def list_units(
    actor: Actor,
    *,
    parent_id: int | None,
    kind: UnitKind | None,
    closed: bool,
    cursor: str | None,
    limit: int,
) -> Page[Unit]:
    """Returns a page of units in their sorting order.

    With `parent_id` these are the units directly below that unit; without it the districts, or with
    `kind` all units of that kind. Closed units come with `closed` only. Raises NotFound
    `not_found`, Invalid `cursor.invalid`.
    """
    statement = units_visible_to(actor)
    if parent_id is not None:
        get_visible_unit(actor, parent_id)
        statement = statement.where(Unit.parent_id == parent_id)
    elif kind is None:
        statement = statement.where(Unit.parent_id.is_(None))
    if kind is not None:
        statement = statement.where(Unit.kind == kind)
    if not closed:
        statement = statement.where(Unit.closed_at.is_(None))
    return paginate(statement, ORDER, cursor=cursor, limit=limit)


def ancestors(unit: Unit) -> list[Unit]:
    """Returns the units above the unit, the nearest first."""
    return [get_unit(unit_id) for unit_id in unit.path_ids[-2::-1]]


def unit_above(unit: Unit) -> Unit:
    """Returns the unit directly above; the unit itself where there is none."""
    return next(iter(ancestors(unit)), unit)


def community_of(unit: Unit) -> Unit | None:
    """Returns the community that the unit is or belongs to; None for a street or a district."""
    if unit.kind is UnitKind.COMMUNITY:
        return unit
    if unit.kind in (UnitKind.DISTRICT, UnitKind.STREET):
        return None
    return next((above for above in ancestors(unit) if above.kind is UnitKind.COMMUNITY), None)


def parent_path(path: str) -> str | None:
    """Returns the path of the unit above: "/1/4/" for "/1/4/9/"; None for a root."""
    above = path.rstrip("/").rpartition("/")[0]
    return f"{above}/" if above else None


def subtree_ids(path: str) -> Select[int]:
    """Returns a statement for the ids of the units at or below the path, to be used with `in_`."""
    return select(Unit.id).where(Unit.path.startswith(path, autoescape=True))


def is_open(unit: Unit) -> bool:
    """Returns whether the unit is not closed, so that new things may begin there."""
    return unit.is_open


def get_area(actor: Actor, unit_id: int) -> UnitArea:
    """Returns the polygon of a unit; raises NotFound `not_found`, or `area.none` where it has none."""
    get_visible_unit(actor, unit_id)
    area = session.get(UnitArea, unit_id)
    if area is None:
        raise NotFound("area.none", "这个单位还没有划定边界。")
    return area


_HELD = (
    select(Unit)
    .where(Unit.id == bindparam("unit_id"))
    .with_for_update(read=True)
    .execution_options(populate_existing=True)
)


def hold_unit(unit_id: int) -> Unit:
    """Reads the unit again, locks it against changes until the transaction ends, and returns it.

    So it can neither move nor close before that. Raises NotFound `not_found`.
    """
    unit = session.scalars(_HELD, {"unit_id": unit_id}).one_or_none()
    if unit is None:
        raise not_found()
    return unit


def open_unit(unit: Unit) -> Unit:
    """Returns the unit that acts for `unit`, locked as by `hold_unit`.

    That is the unit itself while it is open; for a closed one its successor, or else the unit above
    it, and so on. A closed unit without either is returned itself.
    """
    found = hold_unit(unit.id)
    while not is_open(found):
        heir = found.successor_unit_id or found.parent_id
        if heir is None:
            return found
        found = hold_unit(heir)
    return found
