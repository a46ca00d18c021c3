"""Shapes of exports in JSON."""

from marshmallow import fields

from app.intake.states import ExportState, ExportTemplate
from app.kernel.http import Identifier, Moment, Schema
from app.kernel.schema import Text
from app.orders.door.shapes import OrderQuery


class ExportIn(OrderQuery):
    """The list to export and its columns; the filters are those of `GET /orders`."""

    class Meta(Schema.Meta):
        """Leaves out the fields of a page, since a file has no pages."""

        exclude = ("cursor", "limit")

    template = fields.Enum(
        ExportTemplate,
        by_value=True,
        required=True,
        metadata={"description": "ledger 台账模板、orders 工单的各项"},
    )
    unit_id = Identifier()
    category_id = fields.List(Identifier(), load_default=list)
    unmasked = fields.Boolean(
        load_default=False, metadata={"description": "姓名、电话、地址不隐去，须写明原因，留痕"}
    )
    reason = Text(longest=200)


class ExportOut(Schema):
    """The state of an export; `url` is the address of the finished file."""

    id = fields.Integer(required=True)
    state = fields.Enum(
        ExportState,
        by_value=True,
        required=True,
        attribute="row.state",
        metadata={"description": "waiting 等待、running 正在导出、done 完成、failed 没有成功"},
    )
    total = fields.Integer(required=True, attribute="row.total")
    done = fields.Integer(required=True, attribute="row.done")
    url = fields.String(
        required=True, allow_none=True, metadata={"description": "几分钟内有效，再查一次就有新的"}
    )
    expires_at = Moment(required=True, allow_none=True, attribute="row.expires_at")
    message = fields.String(
        required=True,
        allow_none=True,
        attribute="row.failure",
        metadata={"description": "没有成功的原因"},
    )
