"""A database on which transactions really end, for slots and heartbeats."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from app import create_app
from app.kernel.audit import AuditRow
from app.kernel.database import db, session, transaction
from app.kernel.heartbeat import JobProcess, JobRound
from app.kernel.http import App
from app.kernel.slots import JobSlot
from tests import postgres
from tests.conftest import new_sqlite, settings_for


@pytest.fixture(scope="session")
def jobs_url(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of its own: nothing in it is rolled back."""
    if database == "sqlite":
        yield new_sqlite(tmp_path_factory.mktemp("jobs"))
        return
    with postgres.new_database(f"sandan_test_jobs_{uuid.uuid4().hex[:12]}") as url:
        yield url


@pytest.fixture(scope="session")
def jobs_app(jobs_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app on it."""
    app = create_app(settings_for(jobs_url, tmp_path_factory.mktemp("data")))
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def committed(jobs_app: App) -> Iterator[App]:
    """The app inside its context, without slots, processes and rounds."""
    jobs_app.extensions.pop("rounds", None)
    with jobs_app.app_context():
        with transaction():
            for model in (JobSlot, JobProcess, JobRound, AuditRow):
                session.execute(delete(model))
        yield jobs_app
