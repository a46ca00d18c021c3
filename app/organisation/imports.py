"""Reads the lists of units, places and areas that communities keep; it does not use the database.

Units (`flask organisation import-units`), one in each row, columns in any order:

    编号*  名称*  类别*（区、街道、社区、网格、楼组、党员中心户）
    上级编号  电话  地址  开放时间  排序

Places (`flask organisation import-places`):

    编号*  名称*  类别*（小区、楼栋、单元、室）  上级编号  单位编号
    物业管理（专业物业、单位自管、无主管）  物业单位  纬度  经度  坐标系（gcj02、wgs84）  排序

Areas (`flask organisation import-areas`): a GeoJSON FeatureCollection. Each feature has the unit's
code in the property 编号 or code, and may have its own coordinate_system.

Columns with * must be there and filled in. An empty cell leaves the stored value as it is. Codes
are unique, so importing the same file again changes nothing.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from app.kernel.errors import Invalid, Refusal
from app.organisation.areas import read_area
from app.organisation.geometry import CoordinateSystem
from app.organisation.states import (
    MANAGEMENT_NAMES,
    PLACE_NAMES,
    UNIT_NAMES,
    UNIT_RANKS,
    Management,
    PlaceKind,
    UnitKind,
)
from app.organisation.tables import MOST_ROWS, CellError, Cells, Fault, Table, read_table

LONGEST_CODE = 64
LONGEST_NAME = 50

UNIT_HEADINGS = ("编号", "名称", "类别", "上级编号", "电话", "地址", "开放时间", "排序")
PLACE_HEADINGS = (
    "编号",
    "名称",
    "类别",
    "上级编号",
    "单位编号",
    "物业管理",
    "物业单位",
    "纬度",
    "经度",
    "坐标系",
    "排序",
)
# Lists of offices also use other words for the same kinds.
_UNIT_WORDS = {name: kind for kind, name in UNIT_NAMES.items()} | {
    "区县": UnitKind.DISTRICT,
    "县": UnitKind.DISTRICT,
    "乡镇": UnitKind.STREET,
    "镇": UnitKind.STREET,
    "村": UnitKind.COMMUNITY,
}
_PLACE_WORDS = {name: kind for kind, name in PLACE_NAMES.items()} | {
    "楼": PlaceKind.BUILDING,
    "房间": PlaceKind.ROOM,
    "户": PlaceKind.ROOM,
}
_PLACE_ORDER = list(PlaceKind)
_MANAGEMENT_WORDS = {name: kind for kind, name in MANAGEMENT_NAMES.items()}
_SYSTEM_WORDS = {
    "gcj02": CoordinateSystem.GCJ02,
    "gcj-02": CoordinateSystem.GCJ02,
    "高德": CoordinateSystem.GCJ02,
    "腾讯": CoordinateSystem.GCJ02,
    "wgs84": CoordinateSystem.WGS84,
    "wgs-84": CoordinateSystem.WGS84,
    "gps": CoordinateSystem.WGS84,
}


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit of the list; None stands for an empty cell, which leaves the stored value as it is."""

    row: int
    code: str
    name: str
    kind: UnitKind
    parent_code: str | None
    phone: str | None
    address: str | None
    hours: str | None
    sort: int | None


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place of the list; None stands for an empty cell.

    An empty cell leaves the stored value as it is; for a new place it takes the value of the place
    around it.
    """

    row: int
    code: str
    name: str
    kind: PlaceKind
    parent_code: str | None
    unit_code: str | None
    management: Management | None
    provider_name: str | None
    latitude: float | None
    longitude: float | None
    coordinate_system: CoordinateSystem
    sort: int | None


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One polygon, checked and in GCJ-02; `row` is the number of the feature, from 1."""

    row: int
    code: str
    geojson: dict[str, Any]


_Row = TypeVar("_Row")


@dataclass(slots=True)
class Parsed(Generic[_Row]):
    """The correct rows, the faults of the other rows, and the headings that are not used (`ignored`)."""

    rows: list[_Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def parse_units(content: bytes, most_rows: int = MOST_ROWS) -> Parsed[UnitRow]:
    """Returns the units of an Excel or CSV file, higher kinds first; raises what `read_table` raises."""
    parsed = _parse(read_table(content, UNIT_HEADINGS, UNIT_HEADINGS[:3], most_rows), _unit)
    parsed.rows.sort(key=lambda row: UNIT_RANKS[row.kind])
    return parsed


def parse_places(content: bytes, most_rows: int = MOST_ROWS) -> Parsed[PlaceRow]:
    """Returns the places of an Excel or CSV file, outer kinds first; raises what `read_table` raises."""
    parsed = _parse(read_table(content, PLACE_HEADINGS, PLACE_HEADINGS[:3], most_rows), _place)
    parsed.rows.sort(key=lambda row: _PLACE_ORDER.index(row.kind))
    return parsed


def _parse(table: Table, read: Callable[[Cells], _Row]) -> Parsed[_Row]:
    parsed: Parsed[_Row] = Parsed(ignored=table.ignored)
    lines: dict[str, int] = {}
    for cells in table.rows:
        try:
            code = cells.needed("编号", LONGEST_CODE)
            if code in lines:
                raise CellError("编号", f"“{code}”与第{lines[code]}行重复，每行的编号要不同。")
            lines[code] = cells.row
            parsed.rows.append(read(cells))
        except CellError as wrong:
            parsed.faults.append(Fault(cells.row, wrong.column, wrong.message))
    return parsed


def _unit(cells: Cells) -> UnitRow:
    return UnitRow(
        row=cells.row,
        code=cells.needed("编号", LONGEST_CODE),
        name=cells.needed("名称", LONGEST_NAME),
        kind=cells.choice("类别", _UNIT_WORDS, list(UNIT_NAMES.values())),
        parent_code=cells.text("上级编号", LONGEST_CODE),
        phone=cells.phone("电话"),
        address=cells.text("地址"),
        hours=cells.text("开放时间"),
        sort=cells.whole("排序"),
    )


def _place(cells: Cells) -> PlaceRow:
    latitude, longitude = cells.number("纬度", -90, 90), cells.number("经度", -180, 180)
    if (latitude is None) != (longitude is None):
        empty = "纬度" if latitude is None else "经度"
        raise CellError(empty, "没有填写，纬度和经度要一起填。")
    return PlaceRow(
        row=cells.row,
        code=cells.needed("编号", LONGEST_CODE),
        name=cells.needed("名称", LONGEST_NAME),
        kind=cells.choice("类别", _PLACE_WORDS, list(PLACE_NAMES.values())),
        parent_code=cells.text("上级编号", LONGEST_CODE),
        unit_code=cells.text("单位编号", LONGEST_CODE),
        management=cells.maybe_choice("物业管理", _MANAGEMENT_WORDS, list(_MANAGEMENT_WORDS)),
        provider_name=cells.text("物业单位"),
        latitude=latitude,
        longitude=longitude,
        coordinate_system=cells.maybe_choice("坐标系", _SYSTEM_WORDS, ("gcj02", "wgs84"))
        or CoordinateSystem.GCJ02,
        sort=cells.whole("排序"),
    )


def parse_areas(content: bytes, system: CoordinateSystem) -> Parsed[AreaRow]:
    """Returns the polygons of a GeoJSON file, each with the code of its unit.

    `system` is the coordinate system of features that do not name their own. A wrong feature
    becomes a fault. Raises Invalid `import.unreadable`, `import.empty`.
    """
    try:
        collection = json.loads(content.decode("utf-8-sig"))
        features = collection["features"]
    except (ValueError, KeyError, TypeError, RecursionError) as broken:
        raise Invalid(
            "import.unreadable", "文件打不开，请用 GeoJSON 的 FeatureCollection。"
        ) from broken
    if not isinstance(features, list) or not features:
        raise Invalid("import.empty", "文件里没有任何边界。")
    parsed: Parsed[AreaRow] = Parsed()
    seen: dict[str, int] = {}
    for number, feature in enumerate(features, start=1):
        try:
            row = _area(number, feature, system)
            if row.code in seen:
                raise CellError("编号", f"“{row.code}”与第{seen[row.code]}个重复。")
            seen[row.code] = number
            parsed.rows.append(row)
        except CellError as wrong:
            parsed.faults.append(Fault(number, wrong.column, wrong.message))
    return parsed


def _area(number: int, feature: object, system: CoordinateSystem) -> AreaRow:
    given = feature.get("properties") if isinstance(feature, dict) else None
    properties: Mapping[str, Any] = given if isinstance(given, dict) else {}
    texts = {name: str(value) for name, value in properties.items() if value is not None}
    cells = Cells(number, {"编号": texts.get("编号", texts.get("code", "")), **_system_of(texts)})
    code = cells.needed("编号", LONGEST_CODE)
    named = cells.maybe_choice("坐标系", _SYSTEM_WORDS, ("gcj02", "wgs84"))
    try:
        return AreaRow(number, code, read_area(feature, named or system))
    except Refusal as wrong:
        raise CellError("边界", wrong.message) from wrong


def _system_of(texts: Mapping[str, str]) -> dict[str, str]:
    named = texts.get("坐标系", texts.get("coordinate_system", ""))
    return {"坐标系": named} if named else {}
