"""The database: the base and the types of all models, the session, and the only place that commits."""

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

from app.kernel.database.fast.plumbing import Cursor, read_json


class UTCDateTime(TypeDecorator[datetime]):
    """The column type of moments; both databases store them in UTC. A moment without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC, for SQLite without its zone; raises ValueError when it has no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must have a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored moment with the zone UTC."""
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
    """Gives our registry to Flask-SQLAlchemy, which makes `db.Model` from this class."""

    registry = _registry


db = SQLAlchemy(
    model_class=_Base,
    session_options={"expire_on_commit": False},
    disable_autonaming=True,
)
session: scoped_session[Session] = db.session  # type: ignore[assignment]  # a narrower Session class
migrate = Migrate()

if TYPE_CHECKING:

    class Model(DeclarativeBase):
        """The base of all models; at run time it is `db.Model`, which has no type that mypy knows."""

else:
    Model = db.Model

BUSY_SECONDS = 30
_NOTES, _HELD = "notes", "held"
_writing: ContextVar[bool] = ContextVar("writing", default=True)
# SQLite has one writer at a time. With a lock in the process the slowest of a hundred writers waits 24 ms;
# without it each tries again after a pause of SQLite's own, and the slowest waits 903 ms.
_writers_line = threading.Lock()


def connect(app: Flask) -> None:
    """Connects the app to its database; the pool has as many connections as the server has threads."""
    on_sqlite = str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite")
    options: dict[str, Any] = {
        "pool_size": int(app.config.get("DATABASE_POOL", 4)),
        "max_overflow": 0,
        # The parameters of a statement are personal data: an error in the log must not show them.
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
    """Sets each SQLite connection up, and lets transactions that write begin with BEGIN IMMEDIATE.

    The settings: a write-ahead log, foreign keys are checked, a commit is on the disk before it returns,
    and deleted content is overwritten.
    """

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
    """Whether the database is SQLite; otherwise it is PostgreSQL."""
    return session.get_bind().dialect.name == "sqlite"


@event.listens_for(Session, "loaded_as_persistent")
@event.listens_for(Session, "detached_to_persistent")
@event.listens_for(Session, "pending_to_persistent")
def _hold(into: Session, row: object) -> None:
    # The session refers to its objects weakly. These strong references keep them until the transaction
    # ends, so that an object that was read once is not read again.
    into.info.setdefault(_NOTES, {}).setdefault(_HELD, set()).add(row)


@event.listens_for(Session, "after_transaction_end")
def _let_go(into: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        into.info.pop(_NOTES, None)


def notes() -> dict[Any, Any]:
    """A dict in which code keeps values until the transaction ends; each transaction has its own."""
    found: dict[Any, Any] = session().info.setdefault(_NOTES, {})
    return found


@contextmanager
def transaction(*, writing: bool = True) -> Iterator[None]:
    """Runs the block in one transaction: it commits at the end, and an error rolls it back.

    No other place in the program commits. A transaction that only reads (`writing=False`) ends by a
    commit too, because psycopg forgets its prepared statements at a rollback.
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
    """The same SELECT, but it locks its rows and reads them again even when the session has them.

    On SQLite it locks nothing, because a transaction that writes is already the only one.
    """
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


def empty_log() -> int:
    """SQLite: writes the write-ahead log into the database file and cuts the log to nothing.

    Then content that was deleted is in neither file. It must be called outside a transaction. It waits
    up to 2 seconds for readers to end; when they do not, the next call tries again. Answers 0, because
    a job answers how many items it has done. On PostgreSQL it does nothing.
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
    """The time of the database's clock in UTC; leases use it, because all processes share it.

    It must not be compared with `clock.now()`.
    """
    if is_sqlite():
        text = session.scalar(select(func.strftime("%Y-%m-%d %H:%M:%f", "now")))
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    moment: datetime = session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]  # never null
    return moment.astimezone(UTC)
