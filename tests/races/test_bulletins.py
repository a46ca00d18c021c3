"""The weekly bulletin is killed between its slot and its work, and in the middle: it appears once."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.jobs import CALENDAR
from app.kernel.database import database_now, db, session, transaction
from app.kernel.http import App
from app.kernel.slots import JobSlot
from app.notifications.models import OutboxMessage
from app.reports.models import Bulletin
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.serving import ROOT, environ, migrated
from tests.world import World, build_world

pytestmark = [pytest.mark.slow, pytest.mark.races]
SLOT = "weekly:2026-11-23"
# One round of the bulletins, by a process that dies before the bulletin of that number.
ROUND = """
import os, signal, sys
from app.jobs import CALENDAR, run_job
from app.reports.service import bulletins
from wsgi import app
make, left = bulletins._make, [int(sys.argv[1])]
def make_or_die(*args):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return make(*args)
bulletins._make = make_or_die
run_job(app, CALENDAR[0])
"""


@dataclass
class Place:
    """A district, and where its processes find it."""

    app: App
    world: World
    settings: dict[str, Any]

    def round(self, dies_before: int) -> int:
        """Its exit code."""
        environment = environ(self.settings) | {"CLOCK_FILE": os.environ["CLOCK_FILE"]}
        command = [sys.executable, "-c", ROUND, str(dies_before)]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode

    def leases_run_out(self) -> None:
        """As if ten minutes had passed for the database."""
        with self.app.app_context(), transaction():
            past = database_now() - timedelta(seconds=1)
            session.execute(
                update(JobSlot).where(JobSlot.done_at.is_(None)).values(lease_until=past)
            )

    def made(self) -> list[int]:
        """For which units there is one of that week, each as often as there is."""
        with self.app.app_context(), transaction(writing=False):
            return sorted(session.scalars(select(Bulletin.unit_id).where(Bulletin.since == WEEK)))


WEEK = date(2026, 11, 23)


@pytest.fixture
def place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """On the Monday after a week with an order."""
    clock = tmp_path / "clock"
    monkeypatch.setenv("CLOCK_FILE", str(clock))
    clock.write_text("2026-11-25T09:00:00+08:00", encoding="ascii")
    with ExitStack() as ends:
        url = new_sqlite(tmp_path)
        if database == "postgresql":
            name = f"sandan_bulletin_{uuid.uuid4().hex[:12]}"
            url = ends.enter_context(postgres.new_database(name))
        settings = settings_for(url, tmp_path)
        app = migrated(settings)
        with app.app_context():
            world = build_world()
        with app.app_context():
            world.client = app.test_client()
            world.order()
        clock.write_text("2026-11-30T08:31:00+08:00", encoding="ascii")
        yield Place(app, world, settings)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_it_appears_once(place: Place) -> None:
    """Each unit's once, and its leaders hear once, however often a process has died over it."""
    assert CALENDAR[0].slots is not None
    for dies_before in (0, 1, 0):
        assert place.round(dies_before) == -signal.SIGKILL
        with place.app.app_context(), transaction(writing=False):
            slot = session.get_one(JobSlot, ("reports.make_bulletins", SLOT))
            assert slot.done_at is None
        place.leases_run_out()
    assert place.round(-1) == 0
    world = place.world
    units = [world.district.id, world.street.id, world.community.id, world.other_community.id]
    assert place.made() == sorted(units)
    place.leases_run_out()
    assert place.round(-1) == 0
    assert place.made() == sorted(units)
    with place.app.app_context(), transaction(writing=False):
        rows = session.execute(
            select(OutboxMessage.recipient_id, func.count())
            .where(OutboxMessage.moment == "order.bulletin")
            .group_by(OutboxMessage.recipient_id)
        )
        told = dict(list(rows))
        leaders = ("leader", "other_leader", "street", "district")
        assert told == {world.ids[who]: 1 for who in leaders}
        assert session.get_one(JobSlot, ("reports.make_bulletins", SLOT)).done_at is not None
