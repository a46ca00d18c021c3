"""Conditions on a list of values, written so that the SQL is the same for every length of the list.

The driver prepares the statement once, and the database can keep its plan.
"""

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
    """The type of a list that is one parameter: an array on PostgreSQL, a JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[BigInteger | String]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that SQLAlchemy uses for this database: text on SQLite, an array on PostgreSQL."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.of()))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """The value that the driver gets: a JSON text on SQLite, a list on PostgreSQL."""
        values = list(value or ())
        return json.dumps(values) if dialect.name == "sqlite" else values


class _Among(FunctionElement[bool]):
    """The condition that a column is in a list. Its two parts are the column and the parameter."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> "_Among":
        """This condition itself, without a change.

        SQLAlchemy would otherwise write `(… IN (…)) = 1` on SQLite, and SQLite would use no index.
        """
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
    """The condition that the column is in a list; the caller passes the list as the parameter `name`.

    The column holds ids or words. The list may be empty or have any length.
    """
    return _Among(column, bindparam(name, type_=_list_of(column)))


def among_values(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition that the column is one of `values`; there may be any number of values.

    The column holds ids or words.
    """
    return _Among(column, bindparam(None, list(values), type_=_list_of(column)))


def _list_of(column: Any) -> _List:
    return _List(BigInteger if isinstance(column.type.as_generic(), BigInteger) else String)
