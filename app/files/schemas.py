"""The shape of a file in an answer of the API."""

from marshmallow import fields

from app.kernel.http import Schema


class FileOut(Schema):
    """A file that was just uploaded; its addresses are valid for 5 to 10 minutes."""

    id = fields.Integer(required=True)
    url = fields.String(required=True)
    thumbnail_url = fields.String(required=True, allow_none=True)
    content_type = fields.String(required=True)
    width = fields.Integer(required=True, allow_none=True)
    height = fields.Integer(required=True, allow_none=True)
    seconds = fields.Integer(required=True, allow_none=True)
