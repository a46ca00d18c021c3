"""Dumps objects as marshmallow does, faster: what is the same for all objects is computed once."""

from collections.abc import Callable
from operator import attrgetter, itemgetter
from typing import Any

import marshmallow
from marshmallow import fields

Dump = Callable[[Any], dict[str, Any] | None]
Serialise = Callable[[Any, str, Any], Any]
Values = Callable[[Any], tuple[Any, ...]]

_NONE = type(None)
# For each method `_serialize` of marshmallow: the types of values that the method returns unchanged.
_AS_IS: dict[Any, frozenset[type]] = {
    fields.Boolean._serialize: frozenset({bool, _NONE}),
    fields.String._serialize: frozenset({str, _NONE}),
    fields.Enum._serialize: frozenset({_NONE}),
    fields.Nested._serialize: frozenset({_NONE}),
    fields.List._serialize: frozenset({_NONE}),
}


def dumper(schema: marshmallow.Schema) -> Dump:
    """Returns a function that dumps one object; the result equals the result of marshmallow.

    The function reads all values of the object in one step. It returns None when marshmallow must dump
    the object: a value is missing, an object on the way to a value has items and attributes, or the
    schema or a field has its own way to read a value.
    """
    if not schema.dump_fields or not _reads_as_usual(schema):
        return _leave
    columns = tuple(
        (name if field.data_key is None else field.data_key, *_serialiser(field), name)
        for name, field in schema.dump_fields.items()
    )
    paths = [field.attribute or name for name, field in schema.dump_fields.items()]
    owners = [attrgetter(owner) for owner in {path.rpartition(".")[0] for path in paths} - {""}]
    readers: dict[type, Values | None] = {}

    def dump(obj: Any) -> dict[str, Any] | None:
        kind = type(obj)
        if kind not in readers:
            readers[kind] = _reader(kind, paths)
        read = readers[kind]
        if read is None:
            return None
        try:
            values = read(obj)
        except (AttributeError, KeyError):
            return None
        for owner in owners:
            if hasattr(owner(obj), "__getitem__"):
                return None
        return {
            key: value if type(value) in as_is else serialise(value, name, obj)
            for (key, as_is, serialise, name), value in zip(columns, values, strict=False)
        }

    return dump


def _leave(_: Any) -> None:
    return None


def _serialiser(field: fields.Field[Any]) -> tuple[frozenset[type], Serialise]:
    """The types whose values the field returns unchanged, and the function for all other values."""
    if isinstance(field, fields.Integer | fields.Float) and not field.as_string:
        usual = type(field)._serialize is fields.Number._serialize
        return frozenset({field.num_type, _NONE} if usual else ()), field._serialize
    as_is = _AS_IS.get(type(field)._serialize, frozenset())
    if not isinstance(field, fields.List) or not as_is:
        return as_is, field._serialize
    unchanged, serialise = _serialiser(field.inner)

    def each(values: Any, name: str, obj: Any) -> list[Any]:
        return [v if type(v) in unchanged else serialise(v, name, obj) for v in values]

    return as_is, each


def _reads_as_usual(schema: marshmallow.Schema) -> bool:
    """Whether the schema and all its fields read values with the methods of marshmallow."""
    usual = marshmallow.Schema.get_attribute, fields.Field.serialize, fields.Field.get_value
    return all(
        (type(schema).get_attribute, type(field).serialize, type(field).get_value) == usual
        for field in schema.dump_fields.values()
    )


def _reader(kind: type, paths: list[str]) -> Values | None:
    # The first path is named twice: a getter with only one path would return no tuple.
    if kind is dict and not any("." in path for path in paths):
        return itemgetter(*paths, paths[0])
    return None if hasattr(kind, "__getitem__") else attrgetter(*paths, paths[0])
