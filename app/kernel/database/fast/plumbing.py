"""Saves work that SQLAlchemy and the driver do for each statement although its result never differs."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, overload

import psycopg

_EMPTY: dict[bytes | str, type[list[Any]] | type[dict[str, Any]]] = {
    b"[]": list,
    b"{}": dict,
    "[]": list,
    "{}": dict,
}


def read_json(text: bytes | str) -> Any:
    """The value of a JSON text, as `json.loads` returns it; most JSON columns hold an empty list."""
    empty = _EMPTY.get(text)
    return json.loads(text) if empty is None else empty()


class _Columns(Sequence[Any]):
    """The columns of a result; the driver describes them only when somebody reads them.

    SQLAlchemy does not read them for a statement that it has compiled before.
    """

    def __init__(self, cursor: psycopg.RawCursor[Any]) -> None:
        self._cursor = cursor

    def _described(self) -> Sequence[Any]:
        return psycopg.RawCursor.description.fget(self._cursor) or ()  # type: ignore[attr-defined]  # a property

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        """The description of one column, or of several."""
        return self._described()[index]

    def __len__(self) -> int:
        """The number of columns."""
        return len(self._described())

    def __iter__(self) -> Iterator[Any]:
        """The descriptions of all columns."""
        return iter(self._described())


class Cursor(psycopg.RawCursor[Any]):
    """A cursor for statements with `$1`, as the server reads them; the driver need not translate them."""

    @property
    def description(self) -> Any:
        """The columns of the result; None when the statement returns no rows."""
        result = self.pgresult
        return _Columns(self) if result is not None and result.nfields else None
