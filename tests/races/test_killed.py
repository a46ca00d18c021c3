"""The server is killed again and again while residents place orders: nothing acknowledged is lost."""

import http.client
import threading
import time
import urllib.error
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from sqlalchemy import func, select

from app.identity.service import open_session, record_consent
from app.identity.states import CURRENT_VERSIONS, Channel, Document
from app.kernel.actor import Actor
from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.kernel.idempotency import IdempotencyKey
from app.notifications.models import OutboxMessage
from app.orders.ticket.models import Order, OrderContact, OrderEvent, OrderEventContent, OrderSearch
from app.organisation.service import set_setting
from app.people.service import create_person
from app.people.states import PersonKind
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.serving import Running, free_port, kill_family, migrated, start
from tests.world import SYSTEM, World, build_world

pytestmark = [pytest.mark.slow, pytest.mark.races]
RESIDENTS, THREADS = 10, 8
PATIENCE = 240


@dataclass
class Mortal:
    """A server that is killed with -9, all its processes at once, and comes again where it was."""

    settings: dict[str, Any]
    log: Path
    workers: int
    app: App
    world: World
    port: int = field(default_factory=free_port)
    process: Popen[bytes] | None = None

    @property
    def running(self) -> Running:
        """Where to call."""
        assert self.process is not None
        return Running(f"http://127.0.0.1:{self.port}", self.process, self.log)

    def start(self) -> None:
        """Begins to listen; whoever calls too early tries again."""
        self.process = start(self.settings, self.log, self.port, workers=self.workers)

    def kill(self) -> None:
        """As a power cut does it."""
        assert self.process is not None
        kill_family(self.process)


@pytest.fixture
def mortal(database: str, tmp_path: Path) -> Iterator[Mortal]:
    """PostgreSQL with two web processes, SQLite with one."""
    with ExitStack() as ends:
        url = new_sqlite(tmp_path)
        if database == "postgresql":
            url = ends.enter_context(postgres.new_database(f"sandan_kill_{uuid.uuid4().hex[:12]}"))
        settings = settings_for(url, tmp_path)
        app = migrated(settings)
        with app.app_context():
            world = build_world()
        workers = 2 if database == "postgresql" else 1
        found = Mortal(settings, tmp_path / "server.log", workers, app, world)
        found.start()
        try:
            yield found
        finally:
            found.kill()
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


@pytest.mark.parametrize(
    ("orders", "kills"),
    [
        pytest.param(80, 2, id="small"),
        pytest.param(5000, 5, id="full", marks=pytest.mark.full),
    ],
)
def test_nothing_acknowledged_is_lost(mortal: Mortal, orders: int, kills: int) -> None:
    """Each order once, with its history, contact, words, messages and key; none doubled."""
    residents = _residents(mortal)
    acknowledged: dict[int, int] = {}
    ended = threading.Event()

    def place(number: int) -> None:
        token = residents[number % RESIDENTS][1]
        acknowledged[number] = _until_answered(mortal, token, number)

    def kill_at_times() -> None:
        for nth in range(1, kills + 1):
            while len(acknowledged) < orders * nth // (kills + 1) and not ended.is_set():
                time.sleep(0.005)
            mortal.kill()
            mortal.start()

    killer = threading.Thread(target=kill_at_times)
    killer.start()
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(place, range(orders)))
    finally:
        ended.set()
        killer.join()
    assert len(acknowledged) == orders
    _check(mortal, acknowledged, {person for person, _ in residents})


def _residents(mortal: Mortal) -> list[tuple[int, str]]:
    """People who may place as many as the test wants, with their tokens."""
    found = []
    with mortal.app.app_context(), transaction():
        for key in ("orders.resident_daily", "orders.resident_open"):
            set_setting(SYSTEM, mortal.world.street.id, key=key, value=1000)
        for number in range(RESIDENTS):
            person = create_person(
                SYSTEM,
                kind=PersonKind.RESIDENT,
                name=f"居民{number}",
                home_unit_id=mortal.world.community.id,
            )
            version = CURRENT_VERSIONS[Document.PRIVACY]
            record_consent(Actor(person.id, ""), Document.PRIVACY, version, granted=True)
            issued = open_session(SYSTEM, person.id, Channel.PASSWORD)
            found.append((person.id, issued.access_token))
    return found


def _until_answered(mortal: Mortal, token: str, number: int) -> int:
    """As a phone does it: the same request under the same key until there is an answer."""
    body = {"description": f"第{number}号路灯不亮。", "contact_phone": "13812345678"}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            reply = mortal.running.call("POST", "/orders", token, body, key=f"lamp-{number}")
        except (urllib.error.URLError, ConnectionError, TimeoutError, http.client.HTTPException):
            time.sleep(0.05)
            continue
        if reply.status == 201:
            return int(reply.body["id"])
        assert reply.code == "idempotency.in_progress", reply
        time.sleep(0.05)
    raise AssertionError(f"no answer for {number}")


def _check(mortal: Mortal, acknowledged: dict[int, int], residents: set[int]) -> None:
    with mortal.app.app_context():
        with transaction(writing=False):
            found = {
                row.description: row.id
                for row in session.execute(select(Order.id, Order.description))
            }
            assert found == {f"第{n}号路灯不亮。": placed for n, placed in acknowledged.items()}
            orders = len(acknowledged)
            for model in (Order, OrderContact, OrderEvent, OrderEventContent, OrderSearch):
                assert session.scalar(select(func.count()).select_from(model)) == orders, model
            assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == orders
            told = select(OutboxMessage.subject_id, func.count()).group_by(OutboxMessage.subject_id)
            own = told.where(OutboxMessage.recipient_id.in_(residents))
            desk = told.where(OutboxMessage.recipient_id.not_in(residents))
            once = dict.fromkeys(acknowledged.values(), 1)
            assert {row[0]: row[1] for row in session.execute(own)} == once
            assert {row[0] for row in session.execute(desk)} == set(once)
        verified = mortal.app.test_cli_runner().invoke(args=["orders", "verify-history"])
    assert verified.exit_code == 0, verified.output
