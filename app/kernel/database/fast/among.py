"""Asking for the rows of a list: one statement however long the list is, so that it stays prepared."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Dialect, String, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine


class _List(TypeDecorator[Sequence[Any]]):
    """One value for the driver: an array, or JSON where there are none."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[BigInteger | String]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL has arrays."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.of()))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """What the driver is given."""
        values = list(value or ())
        return json.dumps(values) if dialect.name == "sqlite" else values


class _Among(FunctionElement[bool]):
    """`column = ANY (list)`."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> "_Among":
        """A condition as it is: `(… IN (…)) = 1`, as SQLite else gets it, is found by no index."""
        return self


@compiles(_Among)
def _any(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _each(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # compiled SQL, both


def among(column: Any, name: str) -> ColumnElement[bool]:
    """Whether the column, of ids or words, is in the list that the statement gets as `name`."""
    return _Among(column, bindparam(name, type_=_list_of(column)))


def among_values(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether the column, of ids or words, is one of the values, of which there may be any number."""
    return _Among(column, bindparam(None, list(values), type_=_list_of(column)))


def _list_of(column: Any) -> _List:
    return _List(BigInteger if isinstance(column.type.as_generic(), BigInteger) else String)
