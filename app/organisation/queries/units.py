"""Reading units and their tree."""

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
    """The unit, closed or not; raises NotFound."""
    unit = _kept.get(unit_id)
    if unit is None:
        raise not_found()
    return unit


def unit_called(named: str) -> Unit:
    """The unit with that code, or else with that id; Invalid `unit.unknown`."""
    ways = [Unit.code == named]
    if named.isascii() and named.isdigit() and len(named) < 19:
        ways.append(Unit.id == int(named))
    for way in ways:
        found = session.scalar(select(Unit).where(way))
        if found is not None:
            return found
    raise Invalid("unit.unknown", f"没有编号是“{named}”的单位。")


def unit_names(unit_ids: Iterable[int]) -> dict[int, str]:
    """Names by id, of closed ones too."""
    return _names.of(unit_ids)


def units_visible_to(actor: Actor) -> Select[Unit]:
    """Every unit: whoever has logged in must find the right community."""
    return select(Unit)


def get_visible_unit(actor: Actor, unit_id: int) -> Unit:
    """The unit, or NotFound."""
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
    """The children of a unit, or the districts; with `kind` alone all units of that kind."""
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
    """The units above, nearest first."""
    return [get_unit(unit_id) for unit_id in unit.path_ids[-2::-1]]


def community_of(unit: Unit) -> Unit | None:
    """The unit itself or the one above it that is a community; None above communities."""
    if unit.kind is UnitKind.COMMUNITY:
        return unit
    if unit.kind in (UnitKind.DISTRICT, UnitKind.STREET):
        return None
    return next((above for above in ancestors(unit) if above.kind is UnitKind.COMMUNITY), None)


def parent_path(path: str) -> str | None:
    """ "/1/4/9/" → "/1/4/"; None for a root."""
    above = path.rstrip("/").rpartition("/")[0]
    return f"{above}/" if above else None


def subtree_ids(path: str) -> Select[int]:
    """Ids of the units at or below the path, for `in_`."""
    return select(Unit.id).where(Unit.path.startswith(path, autoescape=True))


def is_open(unit: Unit) -> bool:
    """Whether new things may begin there."""
    return unit.is_open


def get_area(actor: Actor, unit_id: int) -> UnitArea:
    """The polygon of a unit; NotFound where it has none."""
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
    """The unit, read anew and held: it neither moves nor closes before the transaction ends."""
    unit = session.scalars(_HELD, {"unit_id": unit_id}).one_or_none()
    if unit is None:
        raise not_found()
    return unit


def open_unit(unit: Unit) -> Unit:
    """The unit, held; or whoever has taken over a closed one: its successor, else the unit above."""
    found = hold_unit(unit.id)
    while not is_open(found):
        heir = found.successor_unit_id or found.parent_id
        if heir is None:
            return found
        found = hold_unit(heir)
    return found
