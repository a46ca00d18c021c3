"""Endpoints of units, their areas and their settings: everybody reads units, administrators write."""

from typing import Any

from werkzeug.datastructures import FileStorage

from app.kernel.actor import current_actor
from app.kernel.http import Blueprint, check_version, tag
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, PageArgs, page_schema
from app.organisation import queries, service
from app.organisation.geometry import in_gcj02
from app.organisation.models import Unit, UnitArea
from app.organisation.queries import Located
from app.organisation.queries.settings import SettingHere
from app.organisation.schemas import (
    AreaIn,
    AreaOut,
    ImportFile,
    ImportOut,
    ImportQuery,
    LocatedOut,
    LocateQuery,
    SettingIn,
    SettingOut,
    UnitChangeIn,
    UnitCloseIn,
    UnitIn,
    UnitOut,
    UnitsQuery,
)
from app.organisation.service import ImportReport

MOST_ROWS = 1000

blueprint = Blueprint(
    "units",
    __name__,
    url_prefix="/api/v1",
    description="组织：区、街道、社区、网格、楼组、党员中心户",
)


@blueprint.get("/units")
@blueprint.arguments(UnitsQuery, location="query")
@blueprint.response(200, page_schema(UnitOut))
def list_units(query: dict[str, Any]) -> Page[Unit]:
    """下级单位，或最上级的单位；只给 `kind` 时为这一类的全部单位。"""
    return queries.list_units(current_actor(), **query)


@blueprint.get("/units/locate")
@blueprint.arguments(LocateQuery, location="query")
@blueprint.response(200, LocatedOut)
def locate(query: dict[str, Any]) -> Located:
    """某个位置所在的网格和社区；不在范围内时 422 `location.outside`，并给出最近的社区。"""
    point = query["latitude"], query["longitude"], query["coordinate_system"]
    return queries.located_or_refused(*in_gcj02(*point))


@blueprint.get("/units/<int:unit_id>")
@blueprint.response(200, UnitOut)
def get_unit(unit_id: int) -> Unit:
    """一个单位。"""
    unit = queries.get_visible_unit(current_actor(), unit_id)
    tag(unit.version)
    return unit


@blueprint.post("/units")
@blueprint.arguments(UnitIn)
@blueprint.response(201, UnitOut)
@repeatable(queries.get_visible_unit)
def create_unit(data: dict[str, Any]) -> Unit:
    """在合适的上级下新增单位（需要上级的 `organisation.edit`）。

    409 `unit.closed`, `unit.code_taken`, `unit.name_taken`;
    422 `unit.parent_unknown`, `unit.kind_not_allowed`.
    """
    return service.create_unit(current_actor(), **data)


@blueprint.put("/units/<int:unit_id>")
@blueprint.arguments(UnitChangeIn)
@blueprint.response(200, UnitOut)
def change_unit(data: dict[str, Any], unit_id: int) -> Unit:
    """修改单位；换了 `parent_id` 就连同下级一起迁过去。"""
    unit = service.change_unit(current_actor(), unit_id, unchanged=check_version, **data)
    tag(unit.version)
    return unit


@blueprint.post("/units/<int:unit_id>/close")
@blueprint.arguments(UnitCloseIn)
@blueprint.response(200, UnitOut)
@repeatable(queries.get_visible_unit)
def close_unit(data: dict[str, Any], unit_id: int) -> Unit:
    """停用单位；历史保留，所管的交给接替的单位。

    409 `unit.closed`, `unit.has_open_children`, `unit.has_places`, `unit.successor_clash`, and what
    other rooms refuse (open orders); 422 `unit.successor_unknown`, `unit.successor_not_allowed`.
    """
    return service.close_unit(current_actor(), unit_id, **data)


@blueprint.get("/units/<int:unit_id>/area")
@blueprint.response(200, AreaOut)
def get_area(unit_id: int) -> UnitArea:
    """单位的边界（GCJ-02）；没有时 404 `area.none`。"""
    area = queries.get_area(current_actor(), unit_id)
    tag(queries.get_unit(unit_id).version)
    return area


@blueprint.put("/units/<int:unit_id>/area")
@blueprint.arguments(AreaIn)
@blueprint.response(200, AreaOut)
def set_area(data: dict[str, Any], unit_id: int) -> UnitArea:
    """重新画单位的边界；If-Match 为单位的版本。

    422 `unit.no_area`, `area.not_a_polygon`, `area.position_invalid`, `area.out_of_range`,
    `area.ring_not_closed`, `area.ring_too_short`, `area.too_many_points`,
    `area.self_intersection`, `area.hole_outside`, `area.parts_overlap`.
    """
    area = service.set_area(current_actor(), unit_id, unchanged=check_version, **data)
    tag(queries.get_unit(unit_id).version)
    return area


@blueprint.delete("/units/<int:unit_id>/area")
@blueprint.response(204)
def remove_area(unit_id: int) -> None:
    """删除单位的边界。"""
    service.remove_area(current_actor(), unit_id)


@blueprint.get("/units/<int:unit_id>/settings")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, page_schema(SettingOut))
def list_settings(query: dict[str, Any], unit_id: int) -> Page[SettingHere]:
    """在本单位生效的全部设置，以及由哪个单位设定（`settings.edit`）。"""
    page = queries.list_settings(current_actor(), unit_id, **query)
    tag(queries.get_unit(unit_id).version)
    return page


@blueprint.put("/units/<int:unit_id>/settings")
@blueprint.arguments(SettingIn)
@blueprint.response(200, SettingOut)
def set_setting(data: dict[str, Any], unit_id: int) -> SettingHere:
    """为本单位和下级设定一项；null 表示沿用上级。If-Match 为单位的版本。

    422 `setting.unknown`, `setting.bad_value`.
    """
    found = service.set_setting(current_actor(), unit_id, unchanged=check_version, **data)
    tag(queries.get_unit(unit_id).version)
    return found


@blueprint.post("/units/import")
@blueprint.arguments(ImportQuery, location="query")
@blueprint.arguments(ImportFile, location="files")
@blueprint.response(200, ImportOut)
def import_units(query: dict[str, Any], files: dict[str, FileStorage]) -> ImportReport:
    """从 Excel 或 CSV 导入单位，最多 1000 行。

    列：编号、名称、类别、上级编号、电话、地址、开放时间、排序。
    对的行导入，错的行逐行列出；同一个文件再导入一次，不会有变化。
    422 `import.unreadable`, `import.empty`, `import.headings_missing`, `import.heading_twice`,
    `import.too_many_rows`, `import.faults`.
    """
    content = files["file"].read()
    return service.import_units(current_actor(), content, most_rows=MOST_ROWS, **query)
