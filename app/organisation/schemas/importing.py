"""Schemas of imports."""

from marshmallow import fields

from app.kernel.http import Schema


class ImportFile(Schema):
    """The uploaded file: one part named `file`, Excel or CSV."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class ImportQuery(Schema):
    """The query of an import: with `strict`, one fault refuses the whole file."""

    strict = fields.Boolean(
        load_default=False,
        metadata={"description": "有一处不对就一条也不导入（422 import.faults）"},
    )


class FaultOut(Schema):
    """One fault: the cell, what is wrong in it, and what would be right."""

    row = fields.Integer(required=True, metadata={"description": "行号，列名是第 1 行"})
    column = fields.String(required=True)
    message = fields.String(required=True)


class ImportOut(Schema):
    """The result of an import: numbers of rows, faults, and columns that were not used."""

    created = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    faults = fields.List(fields.Nested(FaultOut), required=True)
    ignored = fields.List(fields.String(), required=True, metadata={"description": "没有用到的列"})
