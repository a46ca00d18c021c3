"""The database access of the floor: the drivers of SQLite and PostgreSQL without any layer."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "synchronous=FULL",
    "secure_delete=ON",
    "busy_timeout=30000",
)


class Connection(Protocol):
    """The method that the connections of both drivers have."""

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Runs one statement and returns its cursor."""


class Store(Protocol):
    """Lends connections, each for one transaction."""

    def transaction(self, *, writing: bool) -> Any:
        """A context that gives a connection, commits at its end and rolls back on an error."""

    def new_id(self, cursor: Any) -> int:
        """The id of the row that the cursor has just inserted."""


class Postgres:
    """A store on psycopg's own pool, with a connection for each thread of the server."""

    def __init__(self, address: str, threads: int) -> None:
        self._pool = ConnectionPool(
            address,
            min_size=threads,
            max_size=threads,
            open=True,
            kwargs={"row_factory": dict_row},
        )

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Any]:
        """Gives a connection of the pool; psycopg begins and ends the transaction."""
        with self._pool.connection() as connection:
            yield connection

    def new_id(self, cursor: Any) -> int:
        """The id that the statement's RETURNING clause gives."""
        return int(cursor.fetchone()["id"])

    def close(self) -> None:
        """Closes all connections of the pool."""
        self._pool.close()


class Sqlite:
    """A store with a SQLite connection for each thread; a lock lets only one writer go on at a time."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._own = threading.local()
        self._line = threading.Lock()

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Any]:
        """Gives the thread's connection in a transaction; a writer begins with BEGIN IMMEDIATE."""
        connection = self._connection()
        if not writing:
            with self._begun(connection, "BEGIN"):
                yield connection
            return
        with self._line, self._begun(connection, "BEGIN IMMEDIATE"):
            yield connection

    def new_id(self, cursor: Any) -> int:
        """The id that the driver has noted for the last inserted row."""
        return int(cursor.lastrowid)

    def close(self) -> None:
        """Closes the connection of this thread."""
        self._connection().close()

    @contextmanager
    def _begun(self, connection: sqlite3.Connection, begin: str) -> Iterator[None]:
        connection.execute(begin)
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = sqlite3.connect(self._file, isolation_level=None)
            found.row_factory = sqlite3.Row
            for pragma in _PRAGMAS:
                found.execute(f"PRAGMA {pragma}")
            self._own.connection = found
        return found
