"""Creates, changes, moves and closes places."""

from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from sqlalchemy import exists, func, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.organisation.geometry import CoordinateSystem, in_gcj02
from app.organisation.models import Place, Provider, Unit
from app.organisation.policy import may_edit_places
from app.organisation.queries import get_unit, get_visible_place
from app.organisation.service.storing import (
    Clashes,
    VersionCheck,
    add,
    lock_tree,
    number_in,
    refusing,
    unchecked,
)
from app.organisation.service.units import named_unit
from app.organisation.states import (
    PLACE_NAMES,
    PLACE_PARENTS,
    PLACE_UNIT_KINDS,
    Management,
    PlaceKind,
)

CLASHES: Clashes = {
    "code": ("place.code_taken", "这个编号已经用过了，请换一个。"),
    "name": ("place.name_taken", "同一处已经有这个名称，请换一个。"),
}
# A change of one of these also changes the places inside that had the same value.
_SHARED: tuple[InstrumentedAttribute[Any], ...] = (
    Place.unit_id,
    Place.management,
    Place.provider_id,
)


@dataclass(frozen=True, slots=True)
class Position:
    """A point on the map in degrees, in the coordinate system that the sender uses."""

    latitude: float
    longitude: float
    coordinate_system: CoordinateSystem


def check_may_edit(actor: Actor, unit: Unit) -> None:
    """Raises Forbidden `place.not_allowed` where the actor may not change places of the unit."""
    if not may_edit_places(actor, unit.path):
        raise Forbidden("place.not_allowed", f"您不能维护“{unit.name}”的小区楼栋。")


def _locked(place_id: int) -> Place | None:
    return session.scalar(lock(select(Place).where(Place.id == place_id)))


def _named_parent(place_id: int) -> Place:
    parent = _locked(place_id)
    if parent is None:
        raise Invalid("place.parent_unknown", "没有找到上一级的小区或楼栋。")
    return parent


class PlaceFields(TypedDict, total=False):
    """What may be said of a place; None is the same as left out."""

    parent_id: int | None
    unit_id: int | None
    code: str | None
    management: Management | None
    provider_id: int | None
    position: Position | None
    sort: int | None


def create_place(
    actor: Actor, *, kind: PlaceKind, name: str, **fields: Unpack[PlaceFields]
) -> Place:
    """Creates a place, notes it in the audit, and returns it.

    Left out, `unit_id`, `management` and `provider_id` are those of the place around it; an estate
    is then professionally managed where it has a provider, else unmanaged. `sort` left out is the
    first number in the name.

    Raises Forbidden `place.not_allowed`; Conflict `unit.closed`, `place.closed`,
    `place.code_taken`, `place.name_taken`, `provider.closed`; Invalid `place.parent_unknown`,
    `place.kind_not_allowed`, `place.unit_missing`, `place.unit_kind`, `place.unit_not_beneath`,
    `unit.unknown`, `provider.unknown`, `provider.other_unit`.
    """
    lock_tree()
    place = enter_place(actor, kind=kind, name=name, **fields)
    record(actor, "place.created", "place", place.id, unit_id=place.unit_id)
    return place


def enter_place(
    actor: Actor, *, kind: PlaceKind, name: str, **fields: Unpack[PlaceFields]
) -> Place:
    """Creates a place as `create_place` does, but without the lock of the tree and the audit row.

    An import calls it: it locks the tree once and writes one audit row for all places.
    """
    parent_id, sort = fields.get("parent_id"), fields.get("sort")
    parent = None if parent_id is None else _named_parent(parent_id)
    unit = _unit_for(fields.get("unit_id"), parent)
    check_may_edit(actor, unit)
    unit.check_open()
    _check_parent(kind, parent)
    _check_unit(unit, parent)
    place = Place(kind=kind, name=name, unit_id=unit.id, path="", full_name="")
    place.code = fields.get("code")
    place.parent_id = parent.id if parent else None
    place.provider_id = _provider_for(fields.get("provider_id"), unit, parent)
    place.management = fields.get("management") or _management_for(place, parent)
    place.sort = number_in(name) if sort is None else sort
    place.created_at = now()
    _put_on_map(place, fields.get("position"))
    add(place, CLASHES)
    place.path, place.full_name = _path_under(parent, place), _name_under(parent, name)
    session.flush()
    return place


def _path_under(parent: Place | None, place: Place) -> str:
    return f"{parent.path if parent else '/'}{place.id}/"


def _name_under(parent: Place | None, name: str) -> str:
    return f"{parent.full_name} {name}" if parent else name


def _put_on_map(place: Place, position: Position | None) -> None:
    place.latitude, place.longitude = (
        in_gcj02(position.latitude, position.longitude, position.coordinate_system)
        if position
        else (None, None)
    )


def _unit_for(unit_id: int | None, parent: Place | None) -> Unit:
    if unit_id is None:
        if parent is None:
            raise Invalid("place.unit_missing", "请选择这个小区归哪个社区或网格管。")
        unit_id = parent.unit_id
    return named_unit(unit_id)


def _check_parent(kind: PlaceKind, parent: Place | None) -> None:
    wanted = PLACE_PARENTS[kind]
    if (parent.kind not in wanted) if parent else wanted:
        names = "或".join(PLACE_NAMES[above] for above in PlaceKind if above in wanted)
        rule = f"要放在{names}下面" if names else "不能放在别的地方下面"
        raise Invalid("place.kind_not_allowed", f"{PLACE_NAMES[kind]}{rule}。")
    if parent:
        parent.check_open()


def _check_unit(unit: Unit, parent: Place | None) -> None:
    if unit.kind not in PLACE_UNIT_KINDS:
        raise Invalid("place.unit_kind", "小区楼栋要归社区或网格管。")
    if parent and not unit.path.startswith(get_unit(parent.unit_id).path):
        raise _not_beneath()


def _not_beneath() -> Invalid:
    return Invalid(
        "place.unit_not_beneath", "里面的楼栋、单元要归同一个社区或网格，或者归它下面的网格管。"
    )


def _management_for(place: Place, parent: Place | None) -> Management:
    if parent is not None:
        return parent.management
    return Management.PROFESSIONAL if place.provider_id else Management.UNMANAGED


def _provider_for(provider_id: int | None, unit: Unit, parent: Place | None) -> int | None:
    if provider_id is None:
        return parent.provider_id if parent else None
    _check_provider(provider_id, unit)
    return provider_id


def _check_provider(provider_id: int, unit: Unit) -> None:
    provider = session.get(Provider, provider_id)
    if provider is None:
        raise Invalid("provider.unknown", "没有找到所选的物业单位。")
    if provider.closed_at is not None:
        raise Conflict("provider.closed", f"“{provider.name}”已经停用，请另选一个。")
    if provider.unit_id not in unit.path_ids:
        raise Invalid("provider.other_unit", f"“{provider.name}”不为“{unit.name}”服务。")


def change_place(
    actor: Actor,
    place_id: int,
    *,
    name: str,
    unchanged: VersionCheck = unchecked,
    **fields: Unpack[PlaceFields],
) -> Place:
    """Gives the place the values that are passed and returns it.

    A field left out becomes empty, but None for `unit_id`, `parent_id`, `management` and `sort`
    keeps the value of today. The names and paths of all places inside change as well, and so do the unit,
    management and provider of those that had the old value. `unchanged(version)` gets the version
    of the locked row and raises where it is not the expected one.

    Raises NotFound `not_found` and what `create_place` raises.
    """
    get_visible_place(actor, place_id)
    lock_tree()
    place = session.scalars(lock(select(Place).where(Place.id == place_id))).one()
    parent = _new_parent(place, fields.get("parent_id"))
    check_may_edit(actor, named_unit(place.unit_id))
    unit = named_unit(fields.get("unit_id") or place.unit_id)
    check_may_edit(actor, unit)
    unchanged(place.version)
    place.check_open()
    unit.check_open()
    _check_parent(place.kind, parent)
    _check_unit(unit, parent)
    provider_id, sort = fields.get("provider_id"), fields.get("sort")
    if provider_id not in (None, place.provider_id):
        _check_provider(int(provider_id or 0), unit)
    with refusing(CLASHES):
        management = fields.get("management") or place.management
        _share(place, (unit.id, management, provider_id))
        _rename(place, parent, name)
        place.code = fields.get("code")
        place.sort = place.sort if sort is None else sort
        _put_on_map(place, fields.get("position"))
        place.version += 1
    _check_inside(place, unit)
    record(actor, "place.changed", "place", place.id, unit_id=unit.id)
    return place


def _new_parent(place: Place, parent_id: int | None) -> Place | None:
    wanted = place.parent_id if parent_id is None else parent_id
    return None if wanted is None else _named_parent(wanted)


def _share(place: Place, values: tuple[Any, ...]) -> None:
    """Sets unit, management and provider of the place, and of the places inside with the old value."""
    for attribute, new in zip(_SHARED, values, strict=True):
        old = getattr(place, attribute.key)
        if new != old:
            session.execute(
                update(Place)
                .where(
                    Place.path.startswith(place.path, autoescape=True),
                    attribute.is_not_distinct_from(old),
                    Place.closed_at.is_(None),
                )
                .values({attribute: new})
                .execution_options(synchronize_session="fetch")
            )


def _rename(place: Place, parent: Place | None, name: str) -> None:
    old_path, old_name = place.path, place.full_name
    new_path, new_name = _path_under(parent, place), _name_under(parent, name)
    place.name = name
    place.parent_id = parent.id if parent else None
    if (old_path, old_name) == (new_path, new_name):
        return
    session.execute(
        update(Place)
        .where(Place.path.startswith(old_path, autoescape=True))
        .values(
            path=literal(new_path) + func.substr(Place.path, len(old_path) + 1),
            full_name=literal(new_name) + func.substr(Place.full_name, len(old_name) + 1),
        )
        .execution_options(synchronize_session="fetch")
    )


def _check_inside(place: Place, unit: Unit) -> None:
    """Raises Invalid where a place inside belongs to a unit that is not at or below `unit`."""
    stray = select(
        exists().where(
            Place.path.startswith(place.path, autoescape=True),
            Place.closed_at.is_(None),
            Place.unit_id == Unit.id,
            ~Unit.path.startswith(unit.path, autoescape=True),
        )
    )
    if session.scalar(stray):
        raise _not_beneath()


def close_place(actor: Actor, place_id: int) -> Place:
    """Closes a place in which no open places are, and returns it; orders keep naming it.

    Raises NotFound `not_found`, Forbidden `place.not_allowed`, Conflict `place.closed`,
    `place.has_open_children`.
    """
    get_visible_place(actor, place_id)
    lock_tree()
    place = session.scalars(lock(select(Place).where(Place.id == place_id))).one()
    check_may_edit(actor, named_unit(place.unit_id))
    place.check_open()
    inside = select(exists().where(Place.parent_id == place.id, Place.closed_at.is_(None)))
    if session.scalar(inside):
        raise Conflict("place.has_open_children", "里面还有没停用的楼栋、单元或室，请先处理它们。")
    place.closed_at = now()
    place.version += 1
    record(actor, "place.closed", "place", place.id, unit_id=place.unit_id)
    session.flush()
    return place
