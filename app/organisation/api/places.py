"""Places: estates, buildings and doorways for everybody, rooms for the unit's staff."""

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
    """What is inside a place, what the words find, or the estates; 422 `place.query_too_short`."""
    return queries.list_places(current_actor(), **query)


@blueprint.get("/places/<int:place_id>")
@blueprint.response(200, PlaceOut)
def get_place(place_id: int) -> Place:
    """One place; a room only for staff of its unit."""
    place = queries.get_visible_place(current_actor(), place_id)
    tag(place.version)
    return place


@blueprint.post("/places")
@blueprint.arguments(PlaceIn)
@blueprint.response(201, PlaceOut)
@repeatable(queries.get_visible_place)
def create_place(data: dict[str, Any]) -> Place:
    """A new place (`places.edit` at its unit).

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
    """The whole place; names and paths of what is inside follow."""
    place = service.change_place(current_actor(), place_id, unchanged=check_version, **data)
    tag(place.version)
    return place


@blueprint.post("/places/<int:place_id>/close")
@blueprint.response(200, PlaceOut)
@repeatable(queries.get_visible_place)
def close_place(place_id: int) -> Place:
    """Takes an empty place out of the lists; 409 `place.closed`, `place.has_open_children`."""
    return service.close_place(current_actor(), place_id)


@blueprint.post("/places/import")
@blueprint.arguments(ImportQuery, location="query")
@blueprint.arguments(ImportFile, location="files")
@blueprint.response(200, ImportOut)
def import_places(query: dict[str, Any], files: dict[str, FileStorage]) -> ImportReport:
    """Places from Excel or CSV, at most 1,000 rows; good rows go in, bad ones are listed by row.

    Columns: 编号、名称、类别、上级编号、单位编号、物业管理、物业单位、纬度、经度、坐标系、排序.
    422 as of `/units/import`.
    """
    content = files["file"].read()
    return service.import_places(current_actor(), content, most_rows=MOST_ROWS, **query)
