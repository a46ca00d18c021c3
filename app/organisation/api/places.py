"""Endpoints of places."""

from typing import Any

from werkzeug.datastructures import FileStorage

from app.kernel.actor import current_actor
from app.kernel.http import Blueprint, check_version, tag
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, page_schema
from app.organisation import queries, service
from app.organisation.models import Place
from app.organisation.schemas import (
    ImportFile,
    ImportOut,
    ImportQuery,
    PlaceChangeIn,
    PlaceIn,
    PlaceOut,
    PlacesQuery,
)
from app.organisation.service import ImportReport

MOST_ROWS = 1000

blueprint = Blueprint(
    "places", __name__, url_prefix="/api/v1", description="地点：小区、楼栋、单元、室"
)


@blueprint.get("/places")
@blueprint.arguments(PlacesQuery, location="query")
@blueprint.response(200, page_schema(PlaceOut))
def list_places(query: dict[str, Any]) -> Page[Place]:
    """某处里面的地点，或按名称查找，或全部小区；少于两个字时 422 `place.query_too_short`。"""
    return queries.list_places(current_actor(), **query)


@blueprint.get("/places/<int:place_id>")
@blueprint.response(200, PlaceOut)
def get_place(place_id: int) -> Place:
    """一个地点；房间只有本单位的工作人员能看。"""
    place = queries.get_visible_place(current_actor(), place_id)
    tag(place.version)
    return place


@blueprint.post("/places")
@blueprint.arguments(PlaceIn)
@blueprint.response(201, PlaceOut)
@repeatable(queries.get_visible_place)
def create_place(data: dict[str, Any]) -> Place:
    """新增地点（需要该单位的 `places.edit`）。

    409 `unit.closed`, `place.closed`, `place.code_taken`, `place.name_taken`, `provider.closed`;
    422 `place.parent_unknown`, `place.kind_not_allowed`, `place.unit_missing`, `place.unit_kind`,
    `place.unit_not_beneath`, `unit.unknown`, `provider.unknown`,
    `provider.other_unit`.
    """
    return service.create_place(current_actor(), **data)


@blueprint.put("/places/<int:place_id>")
@blueprint.arguments(PlaceChangeIn)
@blueprint.response(200, PlaceOut)
def change_place(data: dict[str, Any], place_id: int) -> Place:
    """修改地点；里面各处的名称和路径随之改变。"""
    place = service.change_place(current_actor(), place_id, unchanged=check_version, **data)
    tag(place.version)
    return place


@blueprint.post("/places/<int:place_id>/close")
@blueprint.response(200, PlaceOut)
@repeatable(queries.get_visible_place)
def close_place(place_id: int) -> Place:
    """停用空的地点；409 `place.closed`、`place.has_open_children`。"""
    return service.close_place(current_actor(), place_id)


@blueprint.post("/places/import")
@blueprint.arguments(ImportQuery, location="query")
@blueprint.arguments(ImportFile, location="files")
@blueprint.response(200, ImportOut)
def import_places(query: dict[str, Any], files: dict[str, FileStorage]) -> ImportReport:
    """从 Excel 或 CSV 导入地点，最多 1000 行；对的行导入，错的行逐行列出。

    列：编号、名称、类别、上级编号、单位编号、物业管理、物业单位、纬度、经度、坐标系、排序。
    422 与 `/units/import` 相同。
    """
    content = files["file"].read()
    return service.import_places(current_actor(), content, most_rows=MOST_ROWS, **query)
