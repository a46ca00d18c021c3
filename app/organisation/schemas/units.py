"""Schemas of units, their areas and their settings."""

from marshmallow import fields

from app.kernel.http import Identifier, Moment, Schema
from app.kernel.pages import PageArgs
from app.organisation.geometry import CoordinateSystem
from app.organisation.imports import LONGEST_CODE
from app.organisation.schemas.shapes import (
    Line,
    MaybeLine,
    MaybePhone,
    asked_id,
    latitude_field,
    longitude_field,
    maybe_id,
    name_field,
    sort_field,
    system_field,
)
from app.organisation.states import UnitKind


class UnitsQuery(PageArgs):
    """Filters of the list of units."""

    parent_id = asked_id("只列这个单位的下一级；不填列最上级")
    kind = fields.Enum(UnitKind, by_value=True, load_default=None)
    closed = fields.Boolean(load_default=False, metadata={"description": "也列出已停用的"})


class LocateQuery(Schema):
    """The point to locate."""

    latitude = latitude_field(required=True)
    longitude = longitude_field(required=True)
    coordinate_system = system_field(load_default=CoordinateSystem.GCJ02)


class UnitChangeIn(Schema):
    """All fields of a unit; a field left out becomes empty, but `parent_id` and `sort` stay."""

    name = name_field()
    parent_id = maybe_id("换一个上级，连同下面的单位一起移过去；不填不变")
    code = MaybeLine(longest=LONGEST_CODE)
    phone = MaybePhone()
    address = MaybeLine()
    hours = MaybeLine(metadata={"example": "周一至周五 8:30–17:30"})
    sort = sort_field()


class UnitIn(UnitChangeIn):
    """A new unit under a parent."""

    kind = fields.Enum(UnitKind, by_value=True, required=True)
    parent_id = Identifier(required=True)


class UnitCloseIn(Schema):
    """The unit that takes over from a closed unit, if there is one."""

    successor_unit_id = maybe_id("接手的单位：工单、小区楼栋和承办单位都归它")


class UnitOut(Schema):
    """A unit; `successor_unit_id` is set where it was closed with a successor."""

    id = fields.Integer(required=True)
    code = fields.String(required=True, allow_none=True)
    kind = fields.Enum(UnitKind, by_value=True, required=True)
    name = fields.String(required=True)
    parent_id = fields.Integer(required=True, allow_none=True)
    path = fields.String(required=True, metadata={"description": "从最上级到自己的编号"})
    phone = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    hours = fields.String(required=True, allow_none=True)
    sort = fields.Integer(required=True)
    created_at = Moment(required=True)
    closed_at = Moment(required=True, allow_none=True)
    successor_unit_id = fields.Integer(required=True, allow_none=True)
    version = fields.Integer(required=True)


class LocatedOut(Schema):
    """The units at a point: its grid if there is one, its community, and as `unit` the smaller of both."""

    unit = fields.Nested(UnitOut, required=True)
    grid = fields.Nested(UnitOut, required=True, allow_none=True)
    community = fields.Nested(UnitOut, required=True)


class AreaIn(Schema):
    """A polygon; its coordinate system must be named, since the wrong one moves it by 500 metres."""

    geojson = fields.Dict(
        required=True,
        metadata={"description": "GeoJSON：Polygon、MultiPolygon，或含有它们的 Feature"},
    )
    coordinate_system = system_field(required=True)


class AreaOut(Schema):
    """The stored polygon of a unit in GCJ-02, with its bounding box in degrees."""

    unit_id = fields.Integer(required=True)
    geojson = fields.Dict(required=True)
    coordinate_system = fields.Constant(CoordinateSystem.GCJ02.value, dump_only=True)
    south = fields.Float(required=True)
    west = fields.Float(required=True)
    north = fields.Float(required=True)
    east = fields.Float(required=True)
    updated_at = Moment(required=True)


class SettingIn(Schema):
    """A value for one setting; null removes the unit's own value."""

    key = Line(required=True, longest=100, shortest=1)
    value = fields.Raw(required=True, allow_none=True)


class SettingOut(Schema):
    """A setting with its value at the unit and the unit that has set it."""

    key = fields.String(required=True)
    text = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": "int、str、bool、list 或 dict"})
    default = fields.Raw(required=True, allow_none=True)
    minimum = fields.Integer(required=True, allow_none=True)
    maximum = fields.Integer(required=True, allow_none=True)
    value = fields.Raw(required=True, allow_none=True)
    set_at_unit_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "哪个单位设的；空是系统的默认值"}
    )
    set_at = Moment(required=True, allow_none=True)
