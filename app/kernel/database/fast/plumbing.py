"""Between SQLAlchemy and the driver: what both do anew for each statement is done once, or not at all."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, overload

import psycopg
from flask.globals import _cv_app
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine


class OneDatabase(FlaskSession):
    """A session of a program with one database: which it is, is asked once and not by statement."""

    _bind: Engine | Connection | None = None

    def get_bind(self, *_: Any, bind: Engine | Connection | None = None, **__: Any) -> Any:
        """What the app has connected, whatever the statement is about."""
        if bind is not None:
            return bind
        if self._bind is None:
            self._bind = self._db.engines[None]
        return self._bind


def scope() -> int:
    """Whose session it is: the app context's."""
    return id(_cv_app.get())


_EMPTY: dict[bytes | str, type[list[Any]] | type[dict[str, Any]]] = {
    b"[]": list,
    b"{}": dict,
    "[]": list,
    "{}": dict,
}


def read_json(text: bytes | str) -> Any:
    """As json's; most of what is kept as JSON is an empty list."""
    empty = _EMPTY.get(text)
    return json.loads(text) if empty is None else empty()


class _Columns(Sequence[Any]):
    """A result's columns, described when somebody looks: for a statement known already nobody does."""

    def __init__(self, cursor: psycopg.RawCursor[Any]) -> None:
        self._cursor = cursor

    def _described(self) -> Sequence[Any]:
        return psycopg.RawCursor.description.fget(self._cursor) or ()  # type: ignore[attr-defined]  # a property

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        """One column, or some."""
        return self._described()[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._described())

    def __iter__(self) -> Iterator[Any]:
        """All of them."""
        return iter(self._described())


class Cursor(psycopg.RawCursor[Any]):
    """Takes statements as the server does ($1), so that none is taken apart before it is sent."""

    @property
    def description(self) -> Any:
        """None where nothing comes back."""
        result = self.pgresult
        return _Columns(self) if result is not None and result.nfields else None
