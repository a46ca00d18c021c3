"""Shapes of the look-up of a caller in JSON."""

from marshmallow import fields

from app.intake.schemas.banners import BannerOut
from app.kernel.http import Moment, Schema
from app.kernel.schema import Text
from app.orders.door.shapes import Named
from app.orders.ticket.states import OrderStatus


class CallerIn(Schema):
    """A whole phone; it is in the body because addresses of requests are logged."""

    phone = Text(longest=30, shortest=1, required=True)


class CallerOrderOut(Schema):
    """An open order of the caller, as far as a desk needs it to say how it stands."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    status = fields.Enum(OrderStatus, by_value=True, required=True)
    category = fields.Nested(Named, required=True, allow_none=True)
    due_at = Moment(required=True, allow_none=True)


class CallerOut(Schema):
    """One person with this phone: of the desk's own units in clear, of others masked and alone."""

    id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "没有账号、只留过电话的为空"}
    )
    name = fields.String(required=True)
    masked = fields.Boolean(
        required=True, metadata={"description": "不是本单位的人，姓名隐去，其余不显示"}
    )
    unit = fields.Nested(Named, required=True, allow_none=True)
    building = fields.Nested(Named, required=True, allow_none=True)
    orders = fields.List(fields.Nested(CallerOrderOut), required=True)
    banners = fields.List(fields.Nested(BannerOut), required=True)
