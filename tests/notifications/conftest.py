"""Templates of this room's own, and a database on which transactions really end."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app import create_app
from app.kernel.actor import Actor
from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.kernel.messages import Template
from app.notifications.models import InboxMessage, OutboxMessage
from app.notifications.service import notify
from app.people.service import create_person
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.people.conftest import Door, heard, town
from tests.people.conftest import door as bare_door

__all__ = ["bare_door", "heard", "town"]

SYSTEM = Actor.system("tests")
MOMENT = "tests.told"
TEMPLATES = {MOMENT: Template("第{number}号", "您的第{number}号单有进展。")}


class SettledDoor(Door):
    """Commits what the test has prepared, so that a refusal rolls back no more than its request."""

    def __call__(self, *args: Any, **kwargs: Any) -> TestResponse:
        """The answer to one request."""
        with transaction():
            pass
        return super().__call__(*args, **kwargs)


@pytest.fixture
def door(bare_door: Door) -> Door:
    """The API as a person."""
    return SettledDoor(bare_door.client)


@pytest.fixture(autouse=True)
def _templates(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {"app", "committed"} & set(request.fixturenames):
        found: App = request.getfixturevalue(name)
        monkeypatch.setitem(found.extensions, "messages", TEMPLATES)


@pytest.fixture(scope="session")
def real_url(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of this room's own: nothing in it is rolled back."""
    if database == "sqlite":
        yield new_sqlite(tmp_path_factory.mktemp("outbox"))
        return
    with postgres.new_database(f"sandan_test_outbox_{uuid.uuid4().hex[:12]}") as url:
        yield url


@pytest.fixture(scope="session")
def real_app(real_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app on it."""
    app = create_app(settings_for(real_url, tmp_path_factory.mktemp("data")))
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def committed(real_app: App) -> Iterator[App]:
    """The app inside its context, with both boxes empty."""
    with real_app.app_context():
        with transaction():
            session.execute(sa.delete(InboxMessage))
            session.execute(sa.delete(OutboxMessage))
        yield real_app


def somebody() -> int:
    """A person's id."""
    return create_person(SYSTEM, name="王小明").id


def tell(person_id: int, number: int = 1, *, urgent: bool = False) -> int:
    """One message to one person; its id in the outbox."""
    notify([person_id], MOMENT, subject=("order", number), params={"number": number}, urgent=urgent)
    newest = sa.select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1)
    return session.scalars(newest).one()


def told(person_id: int) -> list[str]:
    """The titles in someone's inbox, oldest first."""
    titles = sa.select(InboxMessage.title).where(InboxMessage.recipient_id == person_id)
    return list(session.scalars(titles.order_by(InboxMessage.id)))


def on_its_way(message_id: int) -> OutboxMessage | None:
    """The outbox row as the database has it."""
    return session.scalar(
        sa.select(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .execution_options(populate_existing=True)
    )
