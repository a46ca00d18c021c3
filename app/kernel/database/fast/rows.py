"""Reads and writes rows by statements about tables, without the work of the ORM."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnDefault,
    Executable,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.kernel.database import Model, is_sqlite, session
from app.kernel.database.fast.among import among


def table_of(model: type[Model]) -> Table:
    """The table of the model. A statement about the table takes less time than one about the model."""
    return Model.metadata.tables[model.__tablename__]


Known = TypeVar("Known", bound=Model)


def known(model: type[Known], ids: Iterable[int]) -> dict[int, Known]:
    """The rows with these ids, by id; one statement reads the rows that the session does not have yet.

    An id that the table does not have is not in the result.
    """
    wanted = set(ids)
    found = at_hand(model, wanted)
    missing = wanted - found.keys()
    if missing:
        statement, key = _by_key(model)
        rows = session.scalars(statement, {"keys": list(missing)})
        found |= {getattr(row, key): row for row in rows}
    return found


def at_hand(model: type[Known], ids: Iterable[int]) -> dict[int, Known]:
    """The rows with these ids that the session has already, by id; it reads nothing."""
    here, key_of = session.identity_map, model.__mapper__.identity_key_from_primary_key
    rows = ((row_id, here.get(key_of((row_id,)))) for row_id in ids)
    return {row_id: row for row_id, row in rows if row is not None}


@cache
def _by_key(model: type[Known]) -> tuple[Select[Known], str]:
    """The SELECT of rows by their key, and the name of the key column; it is built once for a model."""
    (key,) = model.__mapper__.primary_key
    return select(model).where(among(key, "keys")), key.name


def fetch(statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
    """Runs a statement about tables and returns its rows, not objects.

    The session first writes its changes (unless the caller uses `no_autoflush`), so the statement sees
    them.
    """
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, values).all()


def put(statement: Executable, values: Mapping[str, Any] | list[dict[str, Any]]) -> None:
    """Runs an INSERT, UPDATE or DELETE about a table; with a list of values, once for each of them.

    The session does not learn of the change: its objects keep their old values.
    """
    session.connection().execute(statement, values)


def insert_ignore(
    model: type[Model],
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    conflict: Sequence[str] = (),
) -> int:
    """Runs INSERT … ON CONFLICT (conflict) DO NOTHING and returns how many rows it inserted.

    `conflict` names the columns of one key. Without it, a conflict with any key of the table counts.
    """
    insert = sqlite_insert if is_sqlite() else postgresql_insert
    statement: Executable = (
        insert(model)
        .values(values)
        .on_conflict_do_nothing(index_elements=list(conflict) or None)
        # The returned rows are counted, because the row count of the driver can be wrong here.
        .returning(literal_column("1"))
    )
    return len(session.execute(statement).all())


def inserted(
    model: type[Model], rows: Sequence[Mapping[str, Any]], *columns: str
) -> list[tuple[Any, ...]]:
    """Runs INSERT … ON CONFLICT DO NOTHING and returns these columns of the rows that it inserted."""
    table = table_of(model)
    insert = sqlite_insert if is_sqlite() else postgresql_insert
    new = insert(table).on_conflict_do_nothing().returning(*(table.c[name] for name in columns))
    return [tuple(row) for row in session.execute(new, list(rows))]


def columns_of(row: Model) -> dict[str, Any]:
    """The values of the row by column name; a value that nobody has set is the column's default."""
    said, values = row.__dict__, {}
    for column in table_of(type(row)).columns:
        value = said.get(column.key)
        if value is None and isinstance(column.default, ColumnDefault):
            default = column.default.arg
            value = default(None) if column.default.is_callable else default
        values[column.key] = value
    return values


def reserve_ids(model: type[Model], count: int) -> list[int]:
    """Returns `count` new ids in rising order; no other transaction gets these ids.

    The caller inserts rows with them. So rows that refer to each other can be made first, and few
    statements insert them all.
    """
    table = table_of(model)
    if is_sqlite():
        # A transaction that writes is the only one, so no other transaction takes these ids.
        last = max(session.scalar(select(func.max(table.c.id))) or 0, _last_given(table))
        return list(range(last + 1, last + 1 + count))
    return sorted(row_id for (row_id,) in fetch(_next_ids(table), {"count": count}))


@cache
def _next_ids(table: Table) -> Select[int]:
    sequence = func.nextval(func.pg_get_serial_sequence(table.fullname, "id"))
    return select(sequence).select_from(func.generate_series(1, bindparam("count")).alias())


def _last_given(table: Table) -> int:
    """SQLite: the largest id that the table has ever had; 0 when the table may use ids again."""
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return 0
    given = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(session.scalar(given, {"name": table.name}) or 0)
