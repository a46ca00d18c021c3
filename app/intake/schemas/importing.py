"""Shapes of imports in JSON."""

from marshmallow import fields, validate

from app.intake.mappings import shipped_names
from app.intake.states import DEFAULT_MAPPING, ImportState
from app.kernel.http import Identifier, Moment, Schema
from app.orders.door.shapes import Named


def _mapping() -> fields.String:
    return fields.String(
        load_default=DEFAULT_MAPPING,
        validate=validate.OneOf(shipped_names()),
        metadata={"description": "列名对照；不填为社区台账"},
    )


class ImportIn(Schema):
    """The fields of an upload besides the file."""

    unit_id = Identifier(required=True, strict=False)
    mapping = _mapping()


class TemplateQuery(Schema):
    """The mapping whose columns an empty table shall have."""

    mapping = _mapping()


class FaultOut(Schema):
    """A fault in one cell of the file, or in the whole row if `column` is empty."""

    row = fields.Integer(required=True, metadata={"description": "文件里的行号"})
    column = fields.String(required=True, metadata={"description": "列名；整行的问题为空"})
    message = fields.String(required=True)


class ImportOut(Schema):
    """An uploaded file: the figures of its preview, and how many rows have been entered."""

    id = fields.Integer(required=True)
    unit = fields.Nested(Named, required=True)
    mapping = fields.String(required=True, attribute="row.mapping")
    state = fields.Enum(
        ImportState,
        by_value=True,
        required=True,
        attribute="row.state",
        metadata={
            "description": "checked 已检查、applying 正在导入、done 完成、"
            "failed 没有成功、expired 已过一天"
        },
    )
    rows = fields.Integer(required=True, attribute="row.rows")
    good = fields.Integer(required=True, attribute="row.good")
    bad = fields.Integer(required=True, attribute="row.bad")
    added = fields.Integer(required=True, attribute="row.added")
    known = fields.Integer(
        required=True,
        attribute="row.known",
        metadata={"description": "以前导入过的，不会重复；包含在 good 里"},
    )
    rejected = fields.Integer(
        required=True, attribute="row.rejected", metadata={"description": "导入时退回的行"}
    )
    errors = fields.List(
        fields.Nested(FaultOut), required=True, metadata={"description": "前 100 处"}
    )
    message = fields.String(
        required=True, allow_none=True, metadata={"description": "没有成功时怎么办"}
    )
    uploaded_at = Moment(required=True, attribute="row.uploaded_at")
    applied_at = Moment(required=True, allow_none=True, attribute="row.applied_at")
    done_at = Moment(required=True, allow_none=True, attribute="row.done_at")
