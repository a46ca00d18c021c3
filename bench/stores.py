"""The drivers themselves, as plainly as one may use them: what the floor stands on."""

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
    """What both drivers' connections can do."""

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Runs one statement."""


class Store(Protocol):
    """Lends connections, each for one transaction."""

    def transaction(self, *, writing: bool) -> Any:
        """A context that gives a connection, commits at its end and rolls back on an error."""

    def new_id(self, cursor: Any) -> int:
        """The number that the row just inserted got."""


class Postgres:
    """psycopg's own pool, as large as the server has threads."""

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
        """psycopg begins and ends it."""
        with self._pool.connection() as connection:
            yield connection

    def new_id(self, cursor: Any) -> int:
        """By RETURNING."""
        return int(cursor.fetchone()["id"])

    def close(self) -> None:
        """Ends its connections."""
        self._pool.close()


class Sqlite:
    """A connection a thread; writers stand in line in the process."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._own = threading.local()
        self._line = threading.Lock()

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Any]:
        """BEGIN IMMEDIATE for what writes."""
        connection = self._connection()
        if not writing:
            with self._begun(connection, "BEGIN"):
                yield connection
            return
        with self._line, self._begun(connection, "BEGIN IMMEDIATE"):
            yield connection

    def new_id(self, cursor: Any) -> int:
        """As the driver notes it."""
        return int(cursor.lastrowid)

    def close(self) -> None:
        """Ends this thread's connection."""
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
