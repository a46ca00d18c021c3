"""Shapes of banners in JSON."""

from marshmallow import fields, validate

from app.kernel.http import Identifier, Moment, Schema
from app.kernel.pages import PageArgs
from app.kernel.schema import Text
from app.orders.door.shapes import Named
from app.organisation.geometry import CoordinateSystem

LONGEST = 200


class _Times(Schema):
    text = Text(
        required=True,
        shortest=1,
        longest=LONGEST,
        metadata={"description": "例如：8号楼停水，预计18:00恢复"},
    )
    place_id = Identifier(
        load_default=None,
        allow_none=True,
        metadata={"description": "小区、楼栋或单元；不填为整个单位"},
    )
    category_id = Identifier(load_default=None, allow_none=True)
    until = Moment(required=True, metadata={"description": "预计恢复"})


class BannerIn(_Times):
    """A new banner; without `from` it starts now."""

    unit_id = Identifier(required=True)
    since = Moment(data_key="from")


class BannerChangeIn(_Times):
    """All fields of a banner; only its unit cannot be changed."""

    since = Moment(required=True, data_key="from")


class EndIn(Schema):
    """A note that is added to the message to the people who said 我也是."""

    note = Text(longest=LONGEST)


class BannersQuery(PageArgs):
    """The unit, place or point whose banners are wanted; several of them narrow the list together."""

    unit_id = Identifier(strict=False, load_default=None)
    place_id = Identifier(strict=False, load_default=None)
    latitude = fields.Float(
        load_default=None, validate=validate.Range(min=-90, max=90, error="纬度不对。")
    )
    longitude = fields.Float(
        load_default=None, validate=validate.Range(min=-180, max=180, error="经度不对。")
    )
    coordinate_system = fields.Enum(
        CoordinateSystem, by_value=True, load_default=CoordinateSystem.GCJ02
    )
    category_id = Identifier(strict=False, load_default=None)


class BannerOut(Schema):
    """A banner as its reader sees it."""

    id = fields.Integer(required=True)
    text = fields.String(required=True, attribute="row.text")
    unit = fields.Nested(Named, required=True)
    place = fields.Nested(Named, required=True, allow_none=True)
    category = fields.Nested(Named, required=True, allow_none=True)
    since = Moment(required=True, data_key="from", attribute="row.since")
    until = Moment(required=True, attribute="row.until")
    me_too = fields.Integer(required=True, metadata={"description": "几个人说“我也是”"})
    mine = fields.Boolean(required=True, metadata={"description": "自己是否说过“我也是”"})
    ended_at = Moment(required=True, allow_none=True, attribute="row.ended_at")
    version = fields.Integer(required=True)
