"""Jobs and web processes are killed at random while deadlines run out: each rung is heard of once."""

import os
import random
import subprocess
import sys
import threading
import time
import urllib.error
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.deadlines.computing.states import STAGE_WORDS, DeadlineState, Stage
from app.deadlines.standing.models import Deadline, DeadlineStep
from app.deadlines.standing.rebuilding import differences
from app.identity.service import open_session
from app.identity.states import Channel
from app.kernel.clock import LOCAL
from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.notifications.models import OutboxMessage
from app.orders.placing.service import Wish, submit_order
from app.orders.record.verifying import verify_histories
from app.orders.ticket.models import Order
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.serving import ROOT, Running, environ, free_port, kill_family, migrated
from tests.world import SYSTEM, World, build_world

pytestmark = [pytest.mark.slow, pytest.mark.races]
START = datetime(2026, 12, 1, 9, 0, tzinfo=LOCAL)
STAGES = (Stage.ACKNOWLEDGE, Stage.CONTACT, Stage.REPORT, Stage.SOLVE)
# Of an emergency every rung is a message of its own to each of these.
HEARERS = {"handler": 3, "desk": 3, "leader": 1, "up_1": 1, "up_2": 1}
MOMENTS = ("order.due_soon", "order.overdue", "order.escalated")
PATIENCE = 900


@dataclass
class Mortal:
    """One process of the program with its children; killed as a power cut does it."""

    command: list[str]
    settings: dict[str, Any]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begins again."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=environ(self.settings) | {"CLOCK_FILE": os.environ["CLOCK_FILE"]},
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        """With -9, its children too."""
        assert self.process is not None
        kill_family(self.process)


@dataclass
class Town:
    """A district with its processes."""

    app: App
    world: World
    clock: Path
    jobs: list[Mortal]
    web: list[Mortal]
    ports: list[int]
    stopped: threading.Event = field(default_factory=threading.Event)

    def set(self, moment: datetime) -> None:
        """The time for all processes at once; replaced, so that nobody reads half of it."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(moment.isoformat(), encoding="ascii")
        fresh.replace(self.clock)


@pytest.fixture
def town(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """As many processes of jobs and of the web as the test asks for; SQLite has one of jobs."""
    jobs, web = request.param if database == "postgresql" else (1, 0)
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    with ExitStack() as ends:
        url = new_sqlite(tmp_path)
        if database == "postgresql":
            url = ends.enter_context(
                postgres.new_database(f"sandan_ladder_{uuid.uuid4().hex[:12]}")
            )
        settings = settings_for(url, tmp_path)
        app = migrated(settings)
        with app.app_context():
            world = build_world()
        run_jobs = [sys.executable, "-m", "flask", "run-jobs"]
        ports = [free_port() for _ in range(web)]
        found = Town(
            app,
            world,
            tmp_path / "clock",
            [Mortal(run_jobs, settings, tmp_path / f"jobs{n}.log") for n in range(jobs)],
            [Mortal(_serve(port), settings, tmp_path / f"web{port}.log") for port in ports],
            ports,
        )
        found.set(START)
        try:
            yield found
        finally:
            found.stopped.set()
            for mortal in (*found.jobs, *found.web):
                if mortal.process is not None:
                    mortal.kill()
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def _serve(port: int) -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    return [*command, "--port", str(port), "--no-ws", "--blocking-threads", "2", "wsgi:app"]


@pytest.mark.parametrize(
    ("town", "orders", "kills"),
    [
        pytest.param((2, 1), 12, 6, id="small"),
        pytest.param((4, 4), 500, 100, id="full", marks=pytest.mark.full),
    ],
    indirect=["town"],
)
def test_each_rung_once(town: Town, orders: int, kills: int) -> None:
    """None missing, none doubled, whoever died when; the kept dates are those of the facts."""
    ids = _place(town, orders)
    for mortal in (*town.jobs, *town.web):
        mortal.start()
    talker = threading.Thread(target=_talk, args=(town, ids), daemon=True)
    talker.start()
    chance = random.Random(137)
    killed = 0
    # Thirty hours in steps that grow, so that the first rungs come one by one.
    moments = [START + timedelta(hours=30) * (step / 60) ** 3 for step in range(1, 61)]
    end = time.monotonic() + PATIENCE
    for number, moment in enumerate(moments):
        town.set(moment)
        while killed < kills * (number + 1) // len(moments):
            victim = chance.choice((*town.jobs, *town.web))
            # Each lives long enough, on the average, to come to something.
            time.sleep(chance.uniform(0.5, 6) / (len(town.jobs) + len(town.web)) ** 0.8)
            victim.kill()
            victim.start()
            killed += 1
    assert killed == kills
    while _waiting(town) and time.monotonic() < end:
        time.sleep(0.5)
    town.stopped.set()
    talker.join(30)
    _check(town, ids)


def _place(town: Town, orders: int) -> list[int]:
    with town.app.app_context():
        ids = []
        for _ in range(orders):
            with transaction():
                order = submit_order(
                    town.world.actor("duty"),
                    Wish(
                        category_id=town.world.categories["燃气泄漏"],
                        on_behalf_of={"name": "王小明", "phone": "13812345678"},
                    ),
                )
                ids.append(order.id)
    return ids


def _talk(town: Town, ids: list[int]) -> None:
    """The web processes have something to do that holds the same orders."""
    if not town.ports:
        return
    with town.app.app_context(), transaction():
        token = open_session(SYSTEM, town.world.ids["dispatcher"], Channel.PASSWORD).access_token
    chance = random.Random(7)
    while not town.stopped.is_set():
        port = chance.choice(town.ports)
        running = Running(f"http://127.0.0.1:{port}", subprocess.Popen(["true"]), town.clock)
        running.process.wait()
        try:
            running.call(
                "POST", f"/orders/{chance.choice(ids)}/comments", token, {"note": "请留意。"}
            )
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)


def _waiting(town: Town) -> bool:
    """Whether a rung is still to come before the end."""
    with town.app.app_context(), transaction(writing=False):
        left = select(Deadline.id).where(Deadline.next_at.is_not(None)).limit(1)
        return session.scalar(left) is not None


def _check(town: Town, ids: list[int]) -> None:
    with town.app.app_context(), transaction(writing=False):
        rows = session.execute(
            select(Deadline.subject_id, Deadline.stage, DeadlineStep)
            .join(DeadlineStep, DeadlineStep.deadline_id == Deadline.id)
            .where(Deadline.state == DeadlineState.OPEN)
        ).all()
        last = {(row[0], row[1]) for row in rows if row[2].step == "late_up_2"}
        assert last == {(order_id, stage) for order_id in ids for stage in STAGES}
        six = Counter((row[0], row[1]) for row in rows)
        assert set(six.values()) == {6}
        wanted: Counter[tuple[int, str, str]] = Counter()
        for order_id, stage, step in rows:
            if not step.skipped:
                wanted[order_id, STAGE_WORDS[stage], _moment(step)] += HEARERS[step.level]
        sent = session.scalars(select(OutboxMessage).where(OutboxMessage.moment.in_(MOMENTS)))
        heard = Counter((m.subject_id, m.params["stage"], m.moment) for m in sent)
        assert heard == wanted
        watched = session.scalars(select(Order.attention_unit_id).distinct()).all()
        assert watched == [town.world.district.id]
        assert [d for order_id in ids for d in differences("order", order_id)] == []
        assert [v for v in verify_histories() if v.broken] == []


def _moment(step: DeadlineStep) -> str:
    if step.level.startswith("up"):
        return "order.escalated"
    return "order.overdue" if step.done_at >= step.due_at else "order.due_soon"
