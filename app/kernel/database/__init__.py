"""The database: models' base and types, and the one place that ends a transaction."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    Select,
    TypeDecorator,
    event,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import (
    DeclarativeBase,
    Session,
    SessionTransaction,
    mapped_column,
    registry,
    scoped_session,
)
from sqlalchemy.pool import ConnectionPoolEntry

from app.kernel.database.fast.plumbing import Cursor, OneDatabase, read_json, scope


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

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """None on PostgreSQL: its sessions are in UTC, and the driver returns aware moments."""
        if dialect.name == "postgresql":
            return None
        return super().result_processor(dialect, coltype)


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
    with app.app_context():
        if on_sqlite:
            _prepare_sqlite(db.engine)
        else:
            event.listen(db.engine, "connect", _speak_utc)


def _speak_utc(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Moments of this connection come and go in UTC, whatever the server's zone is."""
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.autocommit = False


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


def lock(statement: Select[Entity]) -> Select[Entity]:
    """The statement with its rows locked and read anew (SQLite: the writer already is alone)."""
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


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


def database_clock() -> ColumnElement[datetime]:
    """The database's own clock as an expression, for conditions about leases."""
    if is_sqlite():
        return func.strftime("%Y-%m-%d %H:%M:%f", "now")
    return func.clock_timestamp()


def database_now() -> datetime:
    """The database's own clock, for leases alone; never compared with business time."""
    if is_sqlite():
        text = session.scalar(select(func.strftime("%Y-%m-%d %H:%M:%f", "now")))
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    moment: datetime = session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]  # never null
    return moment.astimezone(UTC)
