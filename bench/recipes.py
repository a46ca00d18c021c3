"""Learns from three real requests the statements that the floor runs for such a request.

The same request is made three times, by three people. A value that was the same each time is constant.
A value that was the person, the order asked about, the id of a new row or the time is filled in by the
floor. A long text that was different each time (a hash, a sealed text) becomes a random text of the same
length.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Table, UniqueConstraint

from app.kernel.database import db, is_sqlite
from bench.rows import Changes, Row, moment_of

_LONG = 32
_SECOND = 1.5


@dataclass(frozen=True, slots=True)
class Sample:
    """A real request: the person, the order asked about, the rows that changed, and the answer."""

    person_id: int
    target_id: int | None
    changes: Changes
    answer: dict[str, Any]


@dataclass(slots=True)
class Statement:
    """A statement of the floor.

    `values` tell for each parameter where it comes from: ["is", VALUE], ["now", SECONDS],
    ["new", NAME], ["random", LENGTH], ["person"] or ["target"]. `gives` is the name of the new row's
    id, for statements that refer to it.
    """

    table: str
    sql: str
    values: list[list[Any]] = field(default_factory=list)
    gives: str = ""

    @property
    def needs(self) -> set[str]:
        """The names of the new ids to which the statement refers."""
        return {str(value[1]) for value in self.values if value[0] == "new"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """The statements and the answer of one request of the floor."""

    statements: list[Statement]
    answer: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """The recipe as plain values for JSON."""
        return asdict(self)


def learn(samples: Sequence[Sample]) -> Recipe:
    """The recipe by which the floor writes the same rows as the samples.

    Raises RuntimeError if the samples left different numbers of rows, or removed rows.
    """
    counts = [sample.changes.counts() for sample in samples]
    if any(sample.changes.removed for sample in samples) or counts.count(counts[0]) != len(counts):
        raise RuntimeError(f"requests of the same kind left different rows: {counts}")
    return Recipe(_ordered(_Teacher(samples).statements()), samples[0].answer)


class _Teacher:
    """Compares the samples value by value."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        self._mark = "?" if is_sqlite() else "%s"
        self._tables = {table.name: table for table in db.metadata.sorted_tables}
        self._numbers = self._new_numbers()

    def statements(self) -> list[Statement]:
        first = self._samples[0].changes
        found = [
            self._update(self._tables[name], place)
            for name in self._tables
            for place in range(len(first.changed.get(name, ())))
        ]
        for name, table in self._tables.items():
            found += self._inserts(table, len(first.added.get(name, ())))
        wanted = {name for statement in found for name in statement.needs}
        return [
            statement
            for table in self._tables.values()
            for statement in _joined(found, table, wanted)
        ]

    def _new_numbers(self) -> dict[tuple[int, ...], str]:
        """The name of a new row, by the ids that it got in the samples."""
        found: dict[tuple[int, ...], str] = {}
        for name, table in self._tables.items():
            if not _numbers_itself(table):
                continue
            for place, ids in enumerate(
                zip(*(self._ids(sample, name) for sample in self._samples), strict=True)
            ):
                # If two tables gave the same ids by chance, the id means the order.
                if ids not in found or name == "orders":
                    found[ids] = f"{name}.{place}"
        return found

    def _ids(self, sample: Sample, name: str) -> list[int]:
        return [row["id"] for row in sample.changes.added.get(name, ())]

    def _inserts(self, table: Table, count: int) -> list[Statement]:
        found = []
        for place in range(count):
            rows = [sample.changes.added[table.name][place] for sample in self._samples]
            own = {"id"} if _numbers_itself(table) else set()
            filled = [n for n in rows[0] if n not in own and any(r[n] is not None for r in rows)]
            names = ", ".join(f'"{name}"' for name in filled)
            sql = f'INSERT INTO "{table.name}" ({names}) VALUES ({self._marks(len(filled))})'
            values = [self._source(table, name, rows) for name in filled]
            found.append(Statement(table.name, sql, values, f"{table.name}.{place}" if own else ""))
        return found

    def _update(self, table: Table, place: int) -> Statement:
        found = [sample.changes.changed[table.name][place] for sample in self._samples]
        rows = [row for row, _ in found]
        names = sorted(set().union(*(changed for _, changed in found)))
        keys = self._key(table, rows)
        assigned = ", ".join(f'"{name}" = {self._mark}' for name in names)
        where = " AND ".join(f'"{name}" = {self._mark}' for name in keys)
        values = [self._source(table, name, rows) for name in (*names, *keys)]
        return Statement(table.name, f'UPDATE "{table.name}" SET {assigned} WHERE {where}', values)

    def _key(self, table: Table, rows: Sequence[Row]) -> list[str]:
        """The unique columns by which the floor finds the row; it must know their values."""
        unique = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
        keys = [[column.name for column in key.columns] for key in (table.primary_key, *unique)]
        for names in keys:
            if all(self._is_known(table, name, rows) for name in names):
                return names
        raise RuntimeError(f"no key tells which row of {table.name} is meant")

    def _is_known(self, table: Table, name: str, rows: Sequence[Row]) -> bool:
        source = self._source(table, name, rows)[0]
        return source in ("target", "person", "new") or len({row[name] for row in rows}) == 1

    def _marks(self, count: int) -> str:
        return ", ".join([self._mark] * count)

    def _source(self, table: Table, name: str, rows: Sequence[Row]) -> list[Any]:
        """The source of the value of a column, as in `Statement.values`."""
        values = [row[name] for row in rows]
        ways: tuple[Callable[[], list[Any] | None], ...] = (
            lambda: self._same(values, [sample.target_id for sample in self._samples], "target"),
            lambda: self._number(values),
            lambda: self._same(values, [sample.person_id for sample in self._samples], "person"),
            lambda: self._time([moment_of(table, name, value) for value in values]),
            lambda: _random(values, is_key=name in _unique_columns(table)),
        )
        return next(
            (found for way in ways if (found := way())), ["is", _storable(table.c[name], values[0])]
        )

    def _same(self, values: list[Any], others: list[Any], source: str) -> list[Any] | None:
        return [source] if None not in others and values == others else None

    def _number(self, values: list[Any]) -> list[Any] | None:
        if not all(type(value) is int for value in values):
            return None
        found = self._numbers.get(tuple(values))
        return ["new", found] if found else None

    def _time(self, moments: list[datetime | None]) -> list[Any] | None:
        """The source "now" with the seconds after the request; None if the values are no such times."""
        began = [sample.changes.began for sample in self._samples]
        if None in moments or len(set(moments)) == 1:
            return None
        pairs = zip(moments, began, strict=True)
        ahead = [(moment - start).total_seconds() for moment, start in pairs if moment]
        if max(ahead) - min(ahead) > _SECOND:
            return None
        return ["now", 0 if abs(ahead[0]) < _SECOND else round(ahead[0])]


def _numbers_itself(table: Table) -> bool:
    """Returns whether the database gives the rows of the table their ids."""
    keys = list(table.primary_key)
    return len(keys) == 1 and keys[0].name == "id" and not keys[0].foreign_keys


def _unique_columns(table: Table) -> set[str]:
    single = {
        column.name
        for each in table.constraints
        if isinstance(each, UniqueConstraint)
        for column in each.columns
    }
    single |= {column.name for each in table.indexes if each.unique for column in each.columns}
    return single | {column.name for column in table.primary_key}


def _random(values: list[Any], *, is_key: bool) -> list[Any] | None:
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values) or len(set(texts)) < len(texts):
        return None
    long = all(len(text) >= _LONG and " " not in text for text in texts)
    return ["random", len(texts[0])] if long or is_key else None


def _storable(column: Column[Any], value: Any) -> Any:
    """The value in a form that JSON can hold and both drivers accept."""
    if isinstance(column.type, JSON) and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, datetime) else value


def _joined(found: list[Statement], table: Table, wanted: set[str]) -> Iterable[Statement]:
    """The statements of a table; rows to which no other row refers are inserted together."""
    together: Statement | None = None
    for statement in (each for each in found if each.table == table.name):
        if statement.gives in wanted:
            if not is_sqlite():
                statement.sql += ' RETURNING "id"'
            yield statement
            continue
        statement.gives = ""
        head, insert, row = statement.sql.partition(" VALUES ")
        if not insert:
            yield statement
        elif together is not None and together.sql.startswith(head + insert):
            together.sql += f", {row}"
            together.values += statement.values
        else:
            together = statement
            yield statement


def _ordered(statements: list[Statement]) -> list[Statement]:
    """The statements in the order of the tables, each after the rows to which it refers."""
    ordered: list[Statement] = []
    known: set[str] = set()
    waiting = list(statements)
    while waiting:
        ready = next((each for each in waiting if each.needs <= known), None)
        if ready is None:
            raise RuntimeError("new rows refer to each other in a circle")
        waiting.remove(ready)
        ordered.append(ready)
        known.add(ready.gives)
    return ordered
