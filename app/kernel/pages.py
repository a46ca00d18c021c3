"""Lists page by page: a cursor holds the sort values of the last row, and the next page begins there."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from marshmallow import fields, validate
from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.kernel.database import UTCDateTime, session
from app.kernel.errors import Invalid
from app.kernel.schema import Schema

Item = TypeVar("Item")
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Key:
    """One column by which a list is sorted; it must not be null, and the last key must be unique."""

    column: InstrumentedAttribute[Any]
    desc: bool = False


@dataclass(slots=True)
class Page(Generic[Item]):
    """One page of a list, and the cursor of the next page; None after the last page."""

    items: list[Item]
    next_cursor: str | None


def _encode(values: Sequence[Any]) -> str:
    plain = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode(cursor: str, keys: Sequence[Key]) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        restored = [datetime.fromisoformat(v["t"]) if isinstance(v, dict) else v for v in values]
        fits = len(restored) == len(keys) and all(
            _fits(key, value) for key, value in zip(keys, restored, strict=True)
        )
    except (ValueError, TypeError, KeyError, UnicodeDecodeError) as broken:
        raise Invalid("cursor.invalid", "翻页位置无效，请从第一页重新看。") from broken
    if not fits:
        raise Invalid("cursor.invalid", "翻页位置无效，请从第一页重新看。")
    return restored


def _fits(key: Key, value: Any) -> bool:
    if isinstance(key.column.type, UTCDateTime):
        return isinstance(value, datetime) and value.utcoffset() == timedelta(0)
    wanted = key.column.type.python_type
    if wanted is int:
        return type(value) is int and abs(value) < 2**63
    return isinstance(value, wanted) and "\x00" not in str(value)


def _after(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    bound = [literal(value, key.column.type) for key, value in zip(keys, values, strict=True)]
    if len({key.desc for key in keys}) == 1:
        # The database enters an index at this row; with the long form below it would read up to the row.
        columns, last = tuple_(*(key.column for key in keys)), tuple_(*bound)
        return columns < last if keys[0].desc else columns > last
    clauses: list[ColumnElement[bool]] = [false()]
    for position, (key, value) in enumerate(zip(keys, bound, strict=True)):
        equal = [k.column == v for k, v in zip(keys[:position], bound[:position], strict=True)]
        beyond = key.column < value if key.desc else key.column > value
        clauses.append(and_(*equal, beyond))
    return or_(*clauses)


def paginate(
    statement: Select[Item],
    keys: Sequence[Key],
    *,
    cursor: str | None,
    limit: int,
    values: Mapping[str, Any] | None = None,
) -> Page[Item]:
    """The page of the statement's entities, sorted by `keys`, that begins after the cursor.

    `limit` is the greatest number of items; `values` are the values of the statement's named parameters.
    Raises Invalid `cursor.invalid` for a cursor that cannot be read or does not fit the keys.
    """
    if cursor:
        statement = statement.where(_after(keys, _decode(cursor, keys)))
    order = [key.column.desc() if key.desc else key.column.asc() for key in keys]
    found = list(session.scalars(statement.order_by(*order).limit(limit + 1), values or {}))
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], _encode([getattr(last, key.column.key) for key in keys]))


class PageArgs(Schema):
    """The query string of every list: the cursor of the page and the number of items."""

    cursor = fields.String(
        load_default=None, validate=validate.Length(max=500), metadata={"description": "翻页位置"}
    )
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=MAX_LIMIT))


_page_schemas: dict[type[Schema], type[Schema]] = {}


def page_schema(item: type[Schema]) -> type[Schema]:
    """The schema of a page whose items have the schema `item`; the same class at every call.

    Its JSON is {"items": […], "next_cursor": "…" or null}.
    """
    if item not in _page_schemas:
        body: dict[str, Any] = {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        }
        # The OpenAPI document names a schema by the room of its module.
        body["__module__"] = item.__module__
        _page_schemas[item] = type(f"{item.__name__}Page", (Schema,), body)
    return _page_schemas[item]
