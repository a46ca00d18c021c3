"""Schemas of places."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from app.kernel.http import Moment, Schema
from app.kernel.pages import PageArgs
from app.organisation.geometry import CoordinateSystem
from app.organisation.imports import LONGEST_CODE
from app.organisation.schemas.shapes import (
    Line,
    MaybeLine,
    asked_id,
    latitude_field,
    longitude_field,
    maybe_id,
    name_field,
    sort_field,
    system_field,
)
from app.organisation.service import Position
from app.organisation.states import Management, PlaceKind


class PlacesQuery(PageArgs):
    """Filters of the list of places."""

    parent_id = asked_id("只列这里面的下一级；与 q 同用时查整个里面")
    unit_id = asked_id("只列归这个单位及下级管的")
    kind = fields.Enum(PlaceKind, by_value=True, load_default=None)
    q = Line(
        longest=50,
        load_default=None,
        metadata={"description": "名称里的字，两个字以上；空格隔开的几个词都要有"},
    )


class PlaceChangeIn(Schema):
    """All fields of a place; a field left out becomes empty, but `unit_id`, `parent_id`, `sort` stay."""

    name = name_field()
    management = fields.Enum(Management, by_value=True, required=True)
    unit_id = maybe_id("归哪个社区或网格管；里面与它相同的跟着改；不填不变")
    parent_id = maybe_id("移到另一处里面；不填不变")
    code = MaybeLine(longest=LONGEST_CODE)
    provider_id = maybe_id("物业单位")
    latitude = latitude_field(load_default=None, allow_none=True)
    longitude = longitude_field(load_default=None, allow_none=True)
    coordinate_system = system_field(load_default=CoordinateSystem.GCJ02)
    sort = sort_field()

    @validates_schema
    def check_pair(self, data: dict[str, Any], **_: Any) -> None:
        """Refuses a latitude without a longitude and a longitude without a latitude."""
        if (data.get("latitude") is None) != (data.get("longitude") is None):
            raise ValidationError("纬度和经度要一起填。", "latitude")

    @post_load
    def make_position(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Replaces latitude, longitude and coordinate system by one `position`, a Position or None."""
        latitude, longitude = data.pop("latitude"), data.pop("longitude")
        system = data.pop("coordinate_system")
        known = latitude is not None
        return {**data, "position": Position(latitude, longitude, system) if known else None}


class PlaceIn(PlaceChangeIn):
    """A new place; `unit_id`, `management`, `provider_id` left out are those of the place around it."""

    kind = fields.Enum(PlaceKind, by_value=True, required=True)
    management = fields.Enum(Management, by_value=True, load_default=None, allow_none=True)
    unit_id = maybe_id("归哪个社区或网格管；小区必填，其余不填同上一级")
    parent_id = maybe_id("在哪里面；小区不填")


class ProviderNameOut(Schema):
    """A provider by id, name and phone."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)


class PlaceOut(Schema):
    """A place with its provider; the position is in GCJ-02."""

    id = fields.Integer(required=True)
    code = fields.String(required=True, allow_none=True)
    kind = fields.Enum(PlaceKind, by_value=True, required=True)
    name = fields.String(required=True)
    full_name = fields.String(required=True)
    parent_id = fields.Integer(required=True, allow_none=True)
    unit_id = fields.Integer(required=True)
    management = fields.Enum(Management, by_value=True, required=True)
    provider = fields.Nested(ProviderNameOut, required=True, allow_none=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    coordinate_system = fields.Constant(CoordinateSystem.GCJ02.value, dump_only=True)
    sort = fields.Integer(required=True)
    closed_at = Moment(required=True, allow_none=True)
    version = fields.Integer(required=True)
