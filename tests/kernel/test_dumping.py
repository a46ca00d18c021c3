"""The quick dump answers what marshmallow answers, for every schema of the program."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import marshmallow
import pytest
from marshmallow import fields

import app as program
from app.categories.schemas import BranchOut
from app.kernel.database.fast.dumping import dumper
from app.kernel.schema import Moment, Schema
from app.orders.door.shapes import DeadlineOut, Named, OrderOut
from app.orders.ticket.states import OrderStatus
from app.organisation.schemas import providers

DEEPEST = 3
OBJECTS_EACH = 15
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Both:
    """Has items and attributes of the same names, which differ."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __getattr__(self, name: str) -> Any:
        if name not in self.__dict__.get("values", ()):
            raise AttributeError(name)
        return f"attribute {name}"


def _all_schemas(of: type[Schema] = Schema) -> Iterator[type[Schema]]:
    for found in of.__subclasses__():
        if found.__module__.startswith(f"{program.__name__}."):
            yield found
        yield from _all_schemas(found)


SCHEMAS = sorted(set(_all_schemas()), key=lambda found: f"{found.__module__}.{found.__name__}")


def _value(dice: random.Random, field: fields.Field[Any], depth: int) -> Any:
    if isinstance(field, fields.Nested):
        made = [_object(dice, field.schema, depth + 1) for _ in range(depth < DEEPEST)]
        return made if field.many or field.schema.many else next(iter(made), None)
    if isinstance(field, fields.List):
        count = dice.randrange(3) if depth < DEEPEST else 0
        return [_value(dice, field.inner, depth) for _ in range(count)]
    if isinstance(field, fields.Enum):
        return dice.choice([None, *field.enum])
    if isinstance(field, Moment | fields.DateTime):
        return dice.choice([None, NOW])
    if isinstance(field, fields.Date):
        return dice.choice([None, date(2026, 3, 1)])
    if isinstance(field, fields.Dict):
        return dice.choice([None, {}, {"a": "b"}])
    if isinstance(field, fields.Float | fields.Integer):
        return dice.choice([None, 7, True, 2.0, "3"])
    return dice.choice([None, "", "字", OrderStatus.CLAIMED, True, 5, b"bytes"])


def _object(dice: random.Random, schema: marshmallow.Schema, depth: int = 0) -> Any:
    """Something that the schema can dump: of one of three kinds, and now and then with gaps."""
    values: dict[str, Any] = {}
    for name, field in schema.dump_fields.items():
        owner, _, last = (field.attribute or name).rpartition(".")
        held = values.setdefault(owner, SimpleNamespace()).__dict__ if owner else values
        # A dict without that key would answer with its method of that name.
        if last == "items" or dice.randrange(60):
            held[last] = _value(dice, field, depth)
    return dice.choice([dict, _namespace, Both])(values)


def _namespace(values: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**values)


def _plainly(schema: Schema, obj: Any) -> Any:
    """What marshmallow itself answers, at every depth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(Schema, "_serialize")
        return schema.dump(obj)


def _typed(answer: Any) -> Any:
    """With the types told, since True == 1."""
    if isinstance(answer, dict):
        return [(key, _typed(value)) for key, value in answer.items()]
    return [*map(_typed, answer)] if isinstance(answer, list) else (type(answer), answer)


@pytest.mark.parametrize("kind", SCHEMAS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_as_marshmallow(kind: type[Schema], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same keys in the same order with values of the same types."""
    # One field asks who reads.
    monkeypatch.setattr(providers, "current_actor", lambda: None)
    monkeypatch.setattr(providers, "account_visible_to", lambda _actor, _provider: 7)
    schema, dice = kind(), random.Random(kind.__name__)
    for _ in range(OBJECTS_EACH):
        obj = _object(dice, schema)
        assert _typed(schema.dump(obj)) == _typed(_plainly(schema, obj))


def test_all_schemas_are_there() -> None:
    """The list above is of the whole program."""
    assert len(SCHEMAS) > 100
    assert {OrderOut, BranchOut} <= set(SCHEMAS)


def test_many_and_none() -> None:
    """A list of objects, and nothing at all."""
    schema, rows = Named(many=True), [{"id": 1, "name": "一"}, SimpleNamespace(id=2, name="二")]
    assert schema.dump(rows) == [{"id": 1, "name": "一"}, {"id": 2, "name": "二"}]
    assert Named().dump(None) == _plainly(Named(), None) == {}


def test_what_is_whole_is_dumped_quickly() -> None:
    """Objects and dicts are not left to marshmallow."""
    whole = {
        "stage": "solve",
        "round": 1,
        "due_at": NOW,
        "met_at": None,
        "state": "pending",
        "late_reason": None,
        "late_note": None,
    }
    quick = dumper(DeadlineOut())
    expected = whole | {"due_at": "2026-03-01T17:30:00.000+08:00"}
    assert quick(whole) == quick(SimpleNamespace(**whole)) == expected


def test_what_is_left_to_marshmallow() -> None:
    """Gaps, objects with items of their own, and schemas that read in their own way."""
    quick = dumper(Named())
    assert quick({"id": 1}) is quick(SimpleNamespace(id=1)) is None
    assert quick(Both({"id": 1, "name": "一"})) is None
    assert dumper(BranchOut())(SimpleNamespace()) is None


class _Owned(Schema):
    word = fields.String(attribute="owner.word")


def test_the_owner_of_a_value_may_have_items() -> None:
    """What lies under a path with dots is read from items first, as marshmallow does."""
    held = SimpleNamespace(owner=Both({"word": "item"}))
    assert dumper(_Owned())(held) is None
    assert _Owned().dump(held) == {"word": "item"}
    assert dumper(_Owned())(SimpleNamespace(owner=SimpleNamespace(word="plain"))) == {
        "word": "plain"
    }
