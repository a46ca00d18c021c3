"""Compares the rows of all tables before and after a request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Table

from app.kernel.clock import now
from app.kernel.database import UTCDateTime, db

Row = dict[str, Any]
Key = tuple[Any, ...]
Snapshot = dict[str, dict[Key, Row]]
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Changes:
    """The rows that were added, changed or removed, by table.

    A changed row comes with the names of its changed columns; of removed rows only the number.
    """

    began: datetime
    ended: datetime
    added: dict[str, list[Row]] = field(default_factory=dict)
    changed: dict[str, list[tuple[Row, set[str]]]] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)

    def counts(self) -> dict[str, tuple[int, int]]:
        """The number of added and of changed rows by table, for the comparison of two requests."""
        names = sorted(self.added.keys() | self.changed.keys())
        return {n: (len(self.added.get(n, ())), len(self.changed.get(n, ()))) for n in names}


def watched(act: Callable[[], Answer]) -> tuple[Answer, Changes]:
    """Calls `act`; returns its answer and the rows that it changed.

    Reads all tables before and after, so the database must be small and unused by others.
    """
    before, began = _snapshot(), now()
    answer = act()
    found = Changes(began, now())
    for name, rows in _snapshot().items():
        _compare(found, name, before[name], rows)
    return answer, found


def _compare(found: Changes, name: str, before: dict[Key, Row], after: dict[Key, Row]) -> None:
    added = [after[key] for key in sorted(after.keys() - before.keys())]
    changed = [
        (after[key], {column for column, value in row.items() if after[key][column] != value})
        for key, row in sorted(before.items())
        if key in after and after[key] != row
    ]
    gone = len(before.keys() - after.keys())
    for kind, rows in ((found.added, added), (found.changed, changed), (found.removed, gone)):
        if rows:
            kind[name] = rows  # type: ignore[assignment]  # each with its own


def _snapshot() -> Snapshot:
    """The rows of all tables, with values as the driver gives them, so that the floor can write them."""
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        return {table.name: _rows(cursor, table) for table in db.metadata.sorted_tables}
    finally:
        connection.close()


def _rows(cursor: Any, table: Table) -> dict[Key, Row]:
    cursor.execute(f'SELECT * FROM "{table.name}"')
    names = [column[0] for column in cursor.description]
    keys = [column.name for column in table.primary_key]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return {tuple(row[name] for name in keys): row for row in rows}


def moment_of(table: Table, column: str, value: Any) -> datetime | None:
    """The time that a raw value of the column stands for; None if the column holds no times."""
    if value is None or not isinstance(table.c[column].type, UTCDateTime):
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
