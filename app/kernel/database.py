"""The database: models' base and types, and the one place that ends a transaction."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnDefault,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Executable,
    Integer,
    MetaData,
    Select,
    Table,
    TypeDecorator,
    bindparam,
    event,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import (
    DeclarativeBase,
    Session,
    SessionTransaction,
    make_transient_to_detached,
    mapped_column,
    registry,
    scoped_session,
)
from sqlalchemy.pool import ConnectionPoolEntry

from app.kernel.among import among
from app.kernel.plumbing import Cursor, OneDatabase, read_json, scope


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC on both databases; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Converts to UTC; SQLite keeps it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")
Id = Annotated[int, mapped_column(BigId, primary_key=True)]
Ref = Annotated[int, mapped_column(BigId)]

_registry = registry(
    metadata=MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    ),
    type_annotation_map={
        int: BigId,
        datetime: UTCDateTime,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            length=32,
            values_callable=lambda enum: [member.value for member in enum],
        ),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
        list[int]: Json,
    },
)


class _Base(DeclarativeBase):
    """Hands our registry to Flask-SQLAlchemy, which builds its own base from it."""

    registry = _registry


db = SQLAlchemy(
    model_class=_Base,
    session_options={"expire_on_commit": False, "class_": OneDatabase, "scopefunc": scope},
    disable_autonaming=True,
)
session: scoped_session[Session] = db.session  # type: ignore[assignment]  # a narrower Session class
migrate = Migrate()

if TYPE_CHECKING:

    class Model(DeclarativeBase):
        """Base of all models."""

else:
    Model = db.Model

BUSY_SECONDS = 30
_NOTES, _HELD = "notes", "held"
_writing: ContextVar[bool] = ContextVar("writing", default=True)
# SQLite admits one writer; standing in line inside the process is 25 times fairer than its busy loop.
_writers_line = threading.Lock()


def connect(app: Flask) -> None:
    """Binds the app to its database; the pool is as large as the server's threads."""
    on_sqlite = str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite")
    options: dict[str, Any] = {
        "pool_size": int(app.config.get("DATABASE_POOL", 4)),
        "max_overflow": 0,
        # What a statement carries is people's: an error that is logged must not name it.
        "hide_parameters": True,
        "json_deserializer": read_json,
    }
    if on_sqlite:
        options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    else:
        options |= {
            "pool_pre_ping": True,
            "paramstyle": "numeric_dollar",
            "connect_args": {"cursor_factory": Cursor},
        }
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    db.init_app(app)
    migrate.init_app(app, db, render_as_batch=on_sqlite)
    if on_sqlite:
        with app.app_context():
            _prepare_sqlite(db.engine)


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, durable commits, deleted content overwritten; BEGIN IMMEDIATE for writers."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=FULL",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def is_sqlite() -> bool:
    """Whether the program runs on SQLite."""
    return session.get_bind().dialect.name == "sqlite"


@event.listens_for(Session, "loaded_as_persistent")
@event.listens_for(Session, "detached_to_persistent")
@event.listens_for(Session, "pending_to_persistent")
def _hold(into: Session, row: object) -> None:
    # A session knows its rows weakly; so one read once is not read again before the transaction ends.
    into.info.setdefault(_NOTES, {}).setdefault(_HELD, set()).add(row)


@event.listens_for(Session, "after_transaction_end")
def _let_go(into: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        into.info.pop(_NOTES, None)


def notes() -> dict[Any, Any]:
    """What this transaction remembers for itself; gone when it ends."""
    found: dict[Any, Any] = session().info.setdefault(_NOTES, {})
    return found


@contextmanager
def transaction(*, writing: bool = True) -> Iterator[None]:
    """One transaction: returning commits, raising rolls back. The only commit of the program.

    Reads end by a commit too: psycopg drops its prepared statements on a rollback.
    """
    token = _writing.set(writing)
    line = _writers_line if writing and is_sqlite() else nullcontext()
    try:
        with line:
            try:
                yield
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.remove()
    finally:
        _writing.reset(token)


Entity = TypeVar("Entity")


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


def lock(statement: Select[Entity]) -> Select[Entity]:
    """The statement with its rows locked and read anew (SQLite: the writer already is alone)."""
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


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


def empty_log() -> int:
    """SQLite: empties the write-ahead log into the database, and so of what has been deleted since.

    To be called outside a transaction. Readers are waited for a moment; the next round tries again.
    """
    if not is_sqlite():
        return 0
    with _writers_line:
        connection = db.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA busy_timeout = 2000")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
            cursor.close()
        finally:
            connection.close()
    return 0


def database_now() -> datetime:
    """The database's own clock, for leases alone; never compared with business time."""
    if is_sqlite():
        text = session.scalar(select(func.strftime("%Y-%m-%d %H:%M:%f", "now")))
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    moment: datetime = session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]  # never null
    return moment.astimezone(UTC)
