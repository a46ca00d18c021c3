"""Rows of tables, past the ORM."""

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
from sqlalchemy.orm import (
    make_transient_to_detached,
)

from app.kernel.database import Model, is_sqlite, session
from app.kernel.database.fast.among import among


def table_of(model: type[Model]) -> Table:
    """The model's table: a statement about it costs a third of one about the model."""
    return Model.metadata.tables[model.__tablename__]


Known = TypeVar("Known", bound=Model)


def known(model: type[Known], ids: Iterable[int]) -> dict[int, Known]:
    """Rows by id, in one statement for those that this session has not read yet."""
    wanted = set(ids)
    found = at_hand(model, wanted)
    missing = wanted - found.keys()
    if missing:
        statement, key = _by_key(model)
        rows = session.scalars(statement, {"keys": list(missing)})
        found |= {getattr(row, key): row for row in rows}
    return found


def at_hand(model: type[Known], ids: Iterable[int]) -> dict[int, Known]:
    """Those rows that this session has read, or made, already."""
    here, key_of = session.identity_map, model.__mapper__.identity_key_from_primary_key
    rows = ((row_id, here.get(key_of((row_id,)))) for row_id in ids)
    return {row_id: row for row_id, row in rows if row is not None}


@cache
def _by_key(model: type[Known]) -> tuple[Select[Known], str]:
    """Built once: building it takes longer than running it."""
    (key,) = model.__mapper__.primary_key
    return select(model).where(among(key, "keys")), key.name


def fetch(statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
    """Rows of a statement about tables, past the ORM; what waits to be written is written first."""
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, values).all()


def put(statement: Executable, values: Mapping[str, Any] | list[dict[str, Any]]) -> None:
    """Writes by a statement about a table, past the ORM."""
    session.connection().execute(statement, values)


def insert_ignore(
    model: type[Model],
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    conflict: Sequence[str] = (),
) -> int:
    """INSERT … ON CONFLICT (conflict) DO NOTHING; answers how many rows were inserted.

    Without columns any key counts that there is, and none has to be there.
    """
    insert = sqlite_insert if is_sqlite() else postgresql_insert
    statement: Executable = (
        insert(model)
        .values(values)
        .on_conflict_do_nothing(index_elements=list(conflict) or None)
        # Counted by what comes back: a driver's row count of such an INSERT is not to be trusted.
        .returning(literal_column("1"))
    )
    return len(session.execute(statement).all())


def inserted(
    model: type[Model], rows: Sequence[Mapping[str, Any]], *columns: str
) -> list[tuple[Any, ...]]:
    """INSERT … ON CONFLICT DO NOTHING; answers those columns of the rows that are new."""
    table = table_of(model)
    insert = sqlite_insert if is_sqlite() else postgresql_insert
    new = insert(table).on_conflict_do_nothing().returning(*(table.c[name] for name in columns))
    return [tuple(row) for row in session.execute(new, list(rows))]


def columns_of(row: Model) -> dict[str, Any]:
    """The whole row by column; what nobody has said is what the column says."""
    said, values = row.__dict__, {}
    for column in table_of(type(row)).columns:
        value = said.get(column.key)
        if value is None and isinstance(column.default, ColumnDefault):
            default = column.default.arg
            value = default(None) if column.default.is_callable else default
        values[column.key] = value
    return values


def insert_row(row: Model) -> None:
    """Inserts a row with a known key and makes it this session's; half of what a flush costs."""
    values, said = columns_of(row), row.__dict__
    for name, value in values.items():
        if name not in said or said[name] is not value:
            setattr(row, name, value)
    given = {name: value for name, value in values.items() if value is not None}
    put(_insert_into(type(row)), given)
    make_transient_to_detached(row)
    session.add(row)


@cache
def _insert_into(model: type[Model]) -> Executable:
    return table_of(model).insert().inline()


def reserve_ids(model: type[Model], count: int) -> list[int]:
    """Ids for that many rows that the caller inserts with them, rising; nobody else gets them.

    So rows that name each other can be put together first and inserted in few statements.
    """
    table = table_of(model)
    if is_sqlite():
        # The writer is alone until its transaction ends.
        last = max(session.scalar(select(func.max(table.c.id))) or 0, _last_given(table))
        return list(range(last + 1, last + 1 + count))
    return sorted(session.scalars(_next_ids(table), {"count": count}))


@cache
def _next_ids(table: Table) -> Select[int]:
    sequence = func.nextval(func.pg_get_serial_sequence(table.fullname, "id"))
    return select(sequence).select_from(func.generate_series(1, bindparam("count")).alias())


def _last_given(table: Table) -> int:
    """SQLite: the largest id that a table without reuse has ever had, deleted ones included."""
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return 0
    given = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(session.scalar(given, {"name": table.name}) or 0)
