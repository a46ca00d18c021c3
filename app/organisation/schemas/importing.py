"""Shapes of imports."""

from marshmallow import fields

from app.kernel.http import Schema


class ImportFile(Schema):
    """One part, `file`: Excel or CSV."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class ImportQuery(Schema):
    """How strict."""

    strict = fields.Boolean(
        load_default=False,
        metadata={"description": "有一处不对就一条也不导入（422 import.faults）"},
    )


class FaultOut(Schema):
    """What is wrong in one cell, and what would be right."""

    row = fields.Integer(required=True, metadata={"description": "行号，列名是第 1 行"})
    column = fields.String(required=True)
    message = fields.String(required=True)


class ImportOut(Schema):
    """What an import has done."""

    created = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    faults = fields.List(fields.Nested(FaultOut), required=True)
    ignored = fields.List(fields.String(), required=True, metadata={"description": "没有用到的列"})
