"""Fixtures: an app on each database, a transaction around each test, a small district with people."""

import gc
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

import config as configuration
from app import create_app
from app.identity import passwords
from app.kernel.database import db
from app.kernel.http import App
from tests import postgres
from tests.contract.conformance import Contract
from tests.world import World, build_world

# The files that take longest: begun late, one would keep a single processor busy at the end. Those
# that want the demo stand apart, so that one builds it while the other worker does something else.
LONGEST = (
    "intake/test_killed.py",
    "privacy/test_dump.py",
    "kernel/test_job_processes.py",
    "races/test_links.py",
    "races/test_claims.py",
    "contract/test_fuzzing.py",
    "races/test_bulletins.py",
    "reports/test_figures_demo.py",
    "races/test_lockout.py",
    "reports/test_figures_lists.py",
    "permissions/test_matrix.py",
    "test_run.py",
    "demo/test_build.py",
    "notifications/test_rivals.py",
    "orders/test_seeing.py",
    "races/test_ladder.py",
    "races/test_killed.py",
    "bench/test_floor.py",
    "journeys/test_examples.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --database, and --figures for the numbers that ./test full shows."""
    parser.addoption("--figures", action="store_true")
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for no database is asked on SQLite alone; the longest go to the workers first."""
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)
    if config.getoption("--database") == "sqlite":
        return
    asked = [item for item in items if "database" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(asked)])
    items[:] = asked


def _turn(item: pytest.Item) -> int:
    file = item.path.relative_to(Path(__file__).parent).as_posix()
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


def pytest_collection_finish() -> None:
    """What is there by now stays, and need not be looked through for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHasher]:
    """The hasher of passwords as it ships; for their hundreds of accounts tests have a cheap one."""
    shipped = passwords._HASHER
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_HASHER", cheap)
        yield shipped


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database this run tests."""
    return str(request.config.getoption("--database"))


def new_sqlite(folder: Path) -> str:
    """The address of a new SQLite database."""
    return f"sqlite:///{folder / 'sandan.db'}"


@pytest.fixture(scope="session")
def database_url(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database of this run's kind, dropped at the end."""
    if database == "sqlite":
        yield new_sqlite(tmp_path_factory.mktemp("sqlite"))
        return
    with postgres.new_database(f"sandan_test_{uuid.uuid4().hex[:12]}") as url:
        yield url


def settings_for(url: str, folder: Path) -> dict[str, Any]:
    """A complete configuration for tests."""
    environ = {"APP_ENV": "testing", "DATABASE_URL": url, "DATA_DIR": str(folder)}
    return configuration.load(environ)


@pytest.fixture(scope="session")
def whole_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with all tables, without anybody in it; shared by the run."""
    os.environ.pop("CLOCK_FILE", None)
    app = create_app(settings_for(database_url, tmp_path_factory.mktemp("data")))
    app.testing = True
    app.test_client_class = FreshClient
    Contract.of(app)
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def peopled(whole_app: App) -> World:
    """The small district of all tests, committed once."""
    with whole_app.app_context():
        return build_world()


class FreshClient(FlaskClient):
    """Gives each request an app context of its own, as a server does: its own `g`, its own session.

    Every answer that a test gets must be one that the OpenAPI document knows.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """What the test has prepared is kept first; what it has read before is read anew after."""
        db.session.commit()
        with self.application.app_context():
            answer = super().open(*args, **kwargs)
        db.session.expire_all()
        Contract.of(self.application).check(answer)
        return answer


@contextmanager
def rolled_back(whole_app: App) -> Iterator[App]:
    """The app inside an app context and a transaction that is rolled back at the end."""
    with whole_app.app_context():
        engine = db.engine
        connection = engine.connect()
        outer = connection.begin()
        engines = db.engines
        engines[None] = connection  # type: ignore[assignment]  # what a session binds to
        db.session.configure(join_transaction_mode="create_savepoint")
        try:
            yield whole_app
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            engines[None] = engine
            db.session.configure(join_transaction_mode="conditional_savepoint")


@pytest.fixture
def app(whole_app: App) -> Iterator[App]:
    """The app inside a transaction that is rolled back after the test."""
    with rolled_back(whole_app):
        yield whole_app


@pytest.fixture
def client(app: App) -> FlaskClient:
    """A client of the app."""
    return app.test_client()


@pytest.fixture
def world(peopled: World, app: App) -> World:
    """The small district, inside this test's transaction."""
    peopled.client = app.test_client()
    return peopled


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Clock":
    """A clock that stands where the test puts it."""
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    return Clock(tmp_path / "clock")


_LONGEST_TIME = len("2027-03-01T08:30:00.000000+08:00")


class Clock:
    """Moves the business time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set(self, moment: str) -> None:
        """Stands still at an RFC 3339 time."""
        self._write(moment)

    def shift(self, seconds: float) -> None:
        """Runs on, that many seconds ahead."""
        self._write(f"{seconds:+}")

    def _write(self, text: str) -> None:
        # Over what stands there: a file that is emptied first is sent to the disk at once, and is
        # empty for a moment. Readers strip the blanks, which cover whatever was longer.
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(file, text.encode("ascii").ljust(_LONGEST_TIME))
        os.close(file)


def count(model: type[Any]) -> int:
    """Rows of a table."""
    found: Session = db.session  # type: ignore[assignment]  # scoped
    return int(found.scalar(sa.select(sa.func.count()).select_from(model)) or 0)
