"""The shape of a file in answers."""

from marshmallow import fields

from app.kernel.http import Schema


class FileOut(Schema):
    """A file just taken in; the addresses hold for a few minutes."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)
    thumbnail_url = fields.String(required=True, allow_none=True)
    content_type = fields.String(required=True)
    width = fields.Integer(required=True, allow_none=True)
    height = fields.Integer(required=True, allow_none=True)
    seconds = fields.Integer(required=True, allow_none=True)
