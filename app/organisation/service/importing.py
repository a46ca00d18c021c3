"""Imports units, places and areas: each row in a savepoint of its own; repeating changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, Refusal
from app.organisation.geometry import CoordinateSystem, in_gcj02
from app.organisation.imports import (
    AreaRow,
    Parsed,
    PlaceRow,
    UnitRow,
    parse_areas,
    parse_places,
    parse_units,
)
from app.organisation.models import Place, Provider, Unit, UnitArea
from app.organisation.policy import may_edit_places_somewhere, may_edit_units_somewhere
from app.organisation.queries import get_unit
from app.organisation.service.places import Position, change_place, enter_place
from app.organisation.service.storing import lock_tree
from app.organisation.service.units import change_unit, create_unit, found_district, set_area
from app.organisation.states import UnitKind
from app.organisation.tables import MOST_ROWS, Fault

# The column that a refusal of a verb is about, by the code of the refusal.
_COLUMNS = {
    "unit.code_taken": "编号",
    "unit.name_taken": "名称",
    "unit.parent_unknown": "上级编号",
    "unit.kind_not_allowed": "类别",
    "unit.kind_fixed": "类别",
    "unit.unknown": "单位编号",
    "unit.no_area": "编号",
    "place.name_taken": "名称",
    "place.parent_unknown": "上级编号",
    "place.kind_not_allowed": "类别",
    "place.kind_fixed": "类别",
    "place.unit_missing": "单位编号",
    "place.unit_kind": "单位编号",
    "place.unit_not_beneath": "单位编号",
    "provider.unknown": "物业单位",
}
_MOST_NAMED = 200


class Outcome(StrEnum):
    """What the import of one row did."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class ImportReport:
    """The result of an import: numbers of rows, faults, and headings that are not used (`ignored`)."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


class _Numbered(Protocol):
    @property
    def row(self) -> int: ...


_Row = TypeVar("_Row", bound=_Numbered)


def _import(
    parsed: Parsed[_Row], enter: Callable[[_Row], Outcome], *, strict: bool
) -> ImportReport:
    """Calls `enter` for each row and counts the outcomes.

    A refused row becomes a fault of the report; with `strict` one fault refuses all rows with
    Invalid `import.faults`, which names the first 200.
    """
    report = ImportReport(faults=list(parsed.faults), ignored=parsed.ignored)
    for row in parsed.rows:
        try:
            with session.begin_nested():
                outcome = enter(row)
        except Refusal as refusal:
            column = _COLUMNS.get(refusal.code, "")
            report.faults.append(Fault(row.row, column, refusal.message))
        else:
            setattr(report, outcome, getattr(report, outcome) + 1)
    report.faults.sort(key=lambda fault: fault.row)
    if strict and report.faults:
        raise Invalid(
            "import.faults",
            f"有{len(report.faults)}处不对，一条也没有导入，请改好后重新导入。",
            errors=_by_row(report.faults[:_MOST_NAMED]),
        )
    return report


def _by_row(faults: Sequence[Fault]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for fault in faults:
        errors.setdefault(str(fault.row), []).append(str(fault))
    return errors


def import_units(
    actor: Actor, content: bytes, *, strict: bool = False, most_rows: int = MOST_ROWS
) -> ImportReport:
    """Imports units from an Excel or CSV file and returns what was done.

    A unit is found by its code: a new one is created, a known one is changed or moved where the row
    differs. A wrong row is reported and changes nothing; with `strict` it refuses the whole file
    (Invalid `import.faults`). Raises Forbidden `unit.not_allowed` and what `parse_units` raises.
    """
    if not may_edit_units_somewhere(actor):
        raise Forbidden("unit.not_allowed", "您不能导入组织。")
    parsed = parse_units(content, most_rows)
    return _import(parsed, lambda row: _enter_unit(actor, row), strict=strict)


def import_places(
    actor: Actor, content: bytes, *, strict: bool = False, most_rows: int = MOST_ROWS
) -> ImportReport:
    """Imports places from an Excel or CSV file and returns what was done, as `import_units` does.

    All of it is one row of the audit. Raises Forbidden `place.not_allowed`, Invalid
    `import.faults`, and what `parse_places` raises.
    """
    if not may_edit_places_somewhere(actor):
        raise Forbidden("place.not_allowed", "您不能导入小区楼栋。")
    parsed = parse_places(content, most_rows)
    lock_tree()
    report = _import(parsed, lambda row: _enter_place(actor, row), strict=strict)
    told = f"新增{report.created}条，修改{report.changed}条"
    record(actor, "places.imported", "place", 0, reason=told)
    return report


def import_areas(
    actor: Actor, content: bytes, *, coordinate_system: CoordinateSystem, strict: bool = False
) -> ImportReport:
    """Imports polygons from a GeoJSON file and returns what was done.

    A feature names its unit by the unit's code; `coordinate_system` holds for features that name
    none. Raises Forbidden `unit.not_allowed`, Invalid `import.faults`, and what `parse_areas`
    raises.
    """
    if not may_edit_units_somewhere(actor):
        raise Forbidden("unit.not_allowed", "您不能导入边界。")
    parsed = parse_areas(content, coordinate_system)
    return _import(parsed, lambda row: _enter_area(actor, row), strict=strict)


def _unit_by(code: str | None, refusal: str) -> Unit | None:
    if code is None:
        return None
    unit = session.scalar(select(Unit).where(Unit.code == code))
    if unit is None:
        raise Invalid(refusal, f"没有编号是“{code}”的单位，请先导入它，或改正编号。")
    return unit


def _differing(known: Unit | Place, given: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the values after the import, or None where they are those of today.

    None in `given` stands for an empty cell: the value of today stays.
    """
    wanted = {key: getattr(known, key) if value is None else value for key, value in given.items()}
    same = all(getattr(known, key) == value for key, value in wanted.items())
    return None if same else wanted


def _enter_unit(actor: Actor, row: UnitRow) -> Outcome:
    parent = _unit_by(row.parent_code, "unit.parent_unknown")
    known = session.scalar(select(Unit).where(Unit.code == row.code))
    given: dict[str, Any] = {
        "name": row.name,
        "parent_id": parent.id if parent else None,
        "phone": row.phone,
        "address": row.address,
        "hours": row.hours,
        "sort": row.sort,
    }
    if known is None and parent is not None:
        create_unit(actor, kind=row.kind, code=row.code, **given)
        return Outcome.CREATED
    outcome = Outcome.CHANGED
    if known is None:
        if row.kind is not UnitKind.DISTRICT:
            raise Invalid("unit.parent_unknown", "没有填写，请填上级单位的编号。")
        known, outcome = found_district(actor, row.name, code=row.code), Outcome.CREATED
    if known.kind is not row.kind:
        raise Conflict("unit.kind_fixed", f"“{known.name}”的类别不能改，请换一个编号。")
    wanted = _differing(known, given)
    if wanted is not None:
        change_unit(actor, known.id, code=known.code, **wanted)
    return Outcome.UNCHANGED if wanted is None and outcome is Outcome.CHANGED else outcome


def _place_by(code: str | None) -> Place | None:
    if code is None:
        return None
    place = session.scalar(select(Place).where(Place.code == code))
    if place is None:
        raise Invalid(
            "place.parent_unknown",
            f"没有编号是“{code}”的小区、楼栋或单元，请先导入它，或改正编号。",
        )
    return place


def _provider_by(name: str | None, unit: Unit) -> int | None:
    if name is None:
        return None
    found = {
        provider.unit_id: provider.id
        for provider in session.scalars(
            select(Provider).where(
                Provider.name == name,
                Provider.unit_id.in_(unit.path_ids),
                Provider.closed_at.is_(None),
            )
        )
    }
    if not found:
        raise Invalid("provider.unknown", f"没有登记叫“{name}”的承办单位，请先登记。")
    return next(found[unit_id] for unit_id in reversed(unit.path_ids) if unit_id in found)


def _map(row: PlaceRow) -> tuple[float | None, float | None]:
    if row.latitude is None or row.longitude is None:
        return None, None
    return in_gcj02(row.latitude, row.longitude, row.coordinate_system)


def _enter_place(actor: Actor, row: PlaceRow) -> Outcome:
    parent = _place_by(row.parent_code)
    unit = _unit_by(row.unit_code, "unit.unknown")
    known = session.scalar(select(Place).where(Place.code == row.code))
    around = known or parent
    home = unit or (get_unit(around.unit_id) if around else None)
    latitude, longitude = _map(row)
    given: dict[str, Any] = {
        "name": row.name,
        "parent_id": parent.id if parent else None,
        "unit_id": unit.id if unit else None,
        "management": row.management,
        "provider_id": _provider_by(row.provider_name, home) if home else None,
        "latitude": latitude,
        "longitude": longitude,
        "sort": row.sort,
    }
    if known is None:
        enter_place(actor, kind=row.kind, code=row.code, **_with_position(given))
        return Outcome.CREATED
    if known.kind is not row.kind:
        raise Conflict("place.kind_fixed", f"“{known.full_name}”的类别不能改，请换一个编号。")
    wanted = _differing(known, given)
    if wanted is None:
        return Outcome.UNCHANGED
    change_place(actor, known.id, code=known.code, **_with_position(wanted))
    return Outcome.CHANGED


def _with_position(wanted: dict[str, Any]) -> dict[str, Any]:
    latitude, longitude = wanted.pop("latitude"), wanted.pop("longitude")
    on_map = latitude is not None and longitude is not None
    position = Position(latitude, longitude, CoordinateSystem.GCJ02) if on_map else None
    return {**wanted, "position": position}


def _enter_area(actor: Actor, row: AreaRow) -> Outcome:
    unit = _unit_by(row.code, "unit.no_area")
    if unit is None:
        raise Invalid("unit.no_area", "没有填写单位编号。")
    known = session.get(UnitArea, unit.id)
    if known is not None and known.geojson == row.geojson:
        return Outcome.UNCHANGED
    # The polygon was converted to GCJ-02 when the file was read.
    set_area(actor, unit.id, geojson=row.geojson, coordinate_system=CoordinateSystem.GCJ02)
    return Outcome.CREATED if known is None else Outcome.CHANGED
