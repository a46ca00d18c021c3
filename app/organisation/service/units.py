"""Creates, changes, moves and closes units, and draws their areas."""

from typing import Any, TypedDict, Unpack

from sqlalchemy import exists, func, literal, select, update

from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.kept import mark_changed
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.events import announce
from app.organisation.areas import area_of, read_area
from app.organisation.events import UnitClosing, UnitMoved
from app.organisation.geometry import CoordinateSystem
from app.organisation.models import Place, Provider, Unit, UnitArea
from app.organisation.policy import may_edit_unit
from app.organisation.queries import get_visible_unit
from app.organisation.queries.locating import AREAS
from app.organisation.service.storing import (
    VersionCheck,
    add,
    lock_tree,
    number_in,
    refusing,
    unchecked,
)
from app.organisation.states import (
    AREA_KINDS,
    PLACE_UNIT_KINDS,
    UNIT_NAMES,
    UNIT_PARENTS,
    UNIT_RANKS,
    UnitKind,
)

CLASHES = {
    "code": ("unit.code_taken", "这个编号已经用过了，请换一个。"),
    "name": ("unit.name_taken", "同一个上级下面已经有这个名称，请换一个。"),
}
MOVED_CLASHES = {"name": ("unit.successor_clash", "接手的单位已有同名的小区或承办单位。")}


def check_may_edit(actor: Actor, unit: Unit) -> None:
    """Raises Forbidden `unit.not_allowed` where the actor may not change the unit."""
    if not may_edit_unit(actor, unit.path):
        raise Forbidden("unit.not_allowed", f"您不能修改“{unit.name}”。")


def locked_unit(unit_id: int) -> Unit | None:
    """Reads the unit again, locks its row, and returns it; None where there is no such unit."""
    return session.scalar(lock(select(Unit).where(Unit.id == unit_id)))


def named_unit(unit_id: int, code: str = "unit.unknown") -> Unit:
    """Returns the unit that a request's body names, locked; raises Invalid with `code` if unknown."""
    unit = locked_unit(unit_id)
    if unit is None:
        raise Invalid(code, "没有找到所选的单位。")
    return unit


def found_district(actor: Actor, name: str, *, code: str | None = None) -> Unit:
    """Creates a district, the root of a tree, and returns it; only the program itself may do that.

    Raises Forbidden `unit.not_allowed`, Conflict `unit.code_taken`, `unit.name_taken`.
    """
    if not actor.is_system:
        raise Forbidden("unit.not_allowed", "区一级单位只能由系统管理员在安装时建立。")
    lock_tree()
    return _add(actor, Unit(kind=UnitKind.DISTRICT, name=name, code=code, sort=0), None)


def create_unit(
    actor: Actor,
    *,
    kind: UnitKind,
    name: str,
    parent_id: int,
    code: str | None = None,
    phone: str | None = None,
    address: str | None = None,
    hours: str | None = None,
    sort: int | None = None,
) -> Unit:
    """Creates a unit below an open unit of the right kind and returns it.

    `sort` left out is the first number in the name. Raises Forbidden `unit.not_allowed`; Conflict
    `unit.closed`, `unit.code_taken`, `unit.name_taken`; Invalid `unit.parent_unknown`,
    `unit.kind_not_allowed`.
    """
    lock_tree()
    parent = named_unit(parent_id, "unit.parent_unknown")
    check_may_edit(actor, parent)
    _check_parent(kind, parent)
    unit = Unit(kind=kind, name=name, code=code, phone=phone, address=address, hours=hours)
    unit.sort = number_in(name) if sort is None else sort
    return _add(actor, unit, parent)


def _add(actor: Actor, unit: Unit, parent: Unit | None) -> Unit:
    unit.parent_id = parent.id if parent else None
    unit.path, unit.created_at = "", now()
    add(unit, CLASHES)
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    record(actor, "unit.created", "unit", unit.id, unit_id=unit.id)
    session.flush()
    return unit


def _check_parent(kind: UnitKind, parent: Unit) -> None:
    parent.check_open()
    if parent.kind not in UNIT_PARENTS[kind]:
        wanted = "、".join(UNIT_NAMES[above] for above in UNIT_PARENTS[kind])
        rule = f"要放在{wanted}下面" if wanted else "不能放在别的单位下面"
        raise Invalid("unit.kind_not_allowed", f"{UNIT_NAMES[kind]}{rule}。")


class UnitFields(TypedDict, total=False):
    """What may be said of a unit; None is the same as left out."""

    code: str | None
    phone: str | None
    address: str | None
    hours: str | None
    sort: int | None


def change_unit(
    actor: Actor,
    unit_id: int,
    *,
    name: str,
    parent_id: int | None = None,
    unchanged: VersionCheck = unchecked,
    **fields: Unpack[UnitFields],
) -> Unit:
    """Gives the unit the values that are passed and returns it.

    A field left out becomes empty, but None for `parent_id` and `sort` keeps the value of today.
    With another `parent_id` the unit moves there with its whole subtree. `unchanged(version)` gets
    the version of the locked row and raises where it is not the expected one.

    Raises NotFound `not_found` and what `create_unit` raises.
    """
    get_visible_unit(actor, unit_id)
    lock_tree()
    unit = named_unit(unit_id)
    check_may_edit(actor, unit)
    target = None
    if parent_id not in (None, unit.parent_id):
        target = named_unit(int(parent_id or 0), "unit.parent_unknown")
        check_may_edit(actor, target)
    unchanged(unit.version)
    unit.check_open()
    if target is not None:
        _check_parent(unit.kind, target)
    with refusing(CLASHES):
        unit.name, unit.code, unit.phone = name, fields.get("code"), fields.get("phone")
        unit.address, unit.hours = fields.get("address"), fields.get("hours")
        sort = fields.get("sort")
        unit.sort = unit.sort if sort is None else sort
        unit.parent_id = target.id if target else unit.parent_id
        unit.version += 1
    if target is not None:
        _move(unit, target)
    record(actor, "unit.changed", "unit", unit.id, unit_id=unit.id)
    return unit


def _move(unit: Unit, target: Unit) -> None:
    old, new = unit.path, f"{target.path}{unit.id}/"
    session.execute(
        update(Unit)
        .where(Unit.path.startswith(old, autoescape=True))
        .values(path=literal(new) + func.substr(Unit.path, len(old) + 1))
        .execution_options(synchronize_session="fetch")
    )
    announce(UnitMoved(unit.id, old, new))


def close_unit(actor: Actor, unit_id: int, *, successor_unit_id: int | None = None) -> Unit:
    """Closes a unit that has no open units below it, and returns it.

    Its places and providers go to the successor; without one it must look after no open place. The
    successor is another open unit of the same or a higher kind, and for places a community or a
    grid.

    Raises NotFound `not_found`; Forbidden `unit.not_allowed`; Conflict `unit.closed`,
    `unit.has_open_children`, `unit.has_places`, `unit.successor_clash`; Invalid
    `unit.successor_unknown`, `unit.successor_not_allowed`; and what listeners to UnitClosing raise.
    """
    get_visible_unit(actor, unit_id)
    lock_tree()
    unit = named_unit(unit_id)
    check_may_edit(actor, unit)
    successor = None
    if successor_unit_id is not None:
        successor = named_unit(successor_unit_id, "unit.successor_unknown")
        check_may_edit(actor, successor)
    unit.check_open()
    _check_empty(unit, successor)
    announce(UnitClosing(unit.id, successor_unit_id))
    if successor is not None:
        _hand_over(unit, successor)
    unit.close(successor_unit_id, now())
    mark_changed(AREAS)
    record(actor, "unit.closed", "unit", unit.id, unit_id=unit.id)
    session.flush()
    return unit


def _check_empty(unit: Unit, successor: Unit | None) -> None:
    if session.scalar(select(exists().where(Unit.parent_id == unit.id, Unit.closed_at.is_(None)))):
        raise Conflict("unit.has_open_children", "下面还有没停用的单位，请先处理它们。")
    has_places = session.scalar(
        select(exists().where(Place.unit_id == unit.id, Place.closed_at.is_(None)))
    )
    if successor is None:
        if has_places:
            raise Conflict("unit.has_places", "还有小区楼栋由它管理，请指定接手的单位。")
        return
    successor.check_open()
    fits = successor.id != unit.id and UNIT_RANKS[successor.kind] <= UNIT_RANKS[unit.kind]
    if not fits or (has_places and successor.kind not in PLACE_UNIT_KINDS):
        raise Invalid("unit.successor_not_allowed", "接手的单位要是另一个同级或上级单位。")


def _hand_over(unit: Unit, successor: Unit) -> None:
    with refusing(MOVED_CLASHES):
        for kept in (Place, Provider):
            session.execute(
                update(kept)
                .where(kept.unit_id == unit.id, kept.closed_at.is_(None))
                .values(unit_id=successor.id)
                .execution_options(synchronize_session="fetch")
            )


def set_area(
    actor: Actor,
    unit_id: int,
    geojson: dict[str, Any],
    coordinate_system: CoordinateSystem,
    *,
    unchanged: VersionCheck = unchecked,
) -> UnitArea:
    """Sets the polygon of a unit and returns it; it is kept in GCJ-02.

    `unchanged(version)` gets the version of the unit and raises where it is not the expected one.

    Raises NotFound `not_found`; Forbidden `unit.not_allowed`; Conflict `unit.closed`; Invalid
    `unit.no_area` for a kind without areas, and what `read_area` raises.
    """
    unit = _unit_to_draw(actor, unit_id, unchanged)
    if unit.kind not in AREA_KINDS:
        raise Invalid("unit.no_area", f"{UNIT_NAMES[unit.kind]}不用划边界。")
    checked = read_area(geojson, coordinate_system)
    box = area_of(checked).box
    area = session.get(UnitArea, unit.id) or UnitArea(unit_id=unit.id)
    area.geojson, area.updated_at = checked, now()
    area.south, area.west, area.north, area.east = box.south, box.west, box.north, box.east
    session.add(area)
    _finish_drawing(actor, unit)
    return area


def remove_area(actor: Actor, unit_id: int, *, unchanged: VersionCheck = unchecked) -> None:
    """Deletes the polygon of a unit, if it has one.

    Raises NotFound `not_found`, Forbidden `unit.not_allowed`, Conflict `unit.closed`, and what
    `unchanged` raises for the version of the unit.
    """
    unit = _unit_to_draw(actor, unit_id, unchanged)
    area = session.get(UnitArea, unit.id)
    if area is not None:
        session.delete(area)
        _finish_drawing(actor, unit)


def _unit_to_draw(actor: Actor, unit_id: int, unchanged: VersionCheck) -> Unit:
    get_visible_unit(actor, unit_id)
    lock_tree()
    unit = named_unit(unit_id)
    check_may_edit(actor, unit)
    unchanged(unit.version)
    unit.check_open()
    return unit


def _finish_drawing(actor: Actor, unit: Unit) -> None:
    unit.version += 1
    mark_changed(AREAS)
    record(actor, "unit.area_changed", "unit", unit.id, unit_id=unit.id)
    session.flush()
