"""Several senders, and senders who die: each message arrives exactly once."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.notifications.jobs import deliver
from app.notifications.models import OutboxMessage
from app.notifications.states import OutboxState
from tests.notifications.conftest import somebody, tell, told

ROOT = Path(__file__).resolve().parents[2]
SENDER = """
import sys

import config
from app import create_app
from app.kernel.database import transaction
from app.kernel.messages import Template
from app.notifications.jobs import deliver

names = ("APP_ENV", "DATABASE_URL", "DATA_DIR")
app = create_app(config.load(dict(zip(names, ("testing", *sys.argv[1:]), strict=True))))
app.extensions["messages"] = {"tests.told": Template("第{number}号", "您的第{number}号单有进展。")}
with app.app_context():
    print("ready", flush=True)
    while True:
        with transaction():
            if not deliver(limit=5):
                break
"""


def queue(how_many: int) -> int:
    """Messages to one person, committed; the person's id."""
    with transaction():
        person = somebody()
        for number in range(how_many):
            tell(person, number)
    return person


def deliver_all() -> int:
    """What the timetable does: batch after batch, a transaction each."""
    taken = 0
    while True:
        with transaction():
            found = deliver(limit=5)
        if not found:
            return taken
        taken += found


def arrived(person: int) -> list[str]:
    """The sorted titles in the inbox."""
    with transaction(writing=False):
        return sorted(told(person))


def expected(how_many: int) -> list[str]:
    """Each once."""
    return sorted(f"第{number}号" for number in range(how_many))


@pytest.mark.races
def test_second_sender_takes_what_the_first_does_not_hold(committed: App, database: str) -> None:
    """PostgreSQL skips locked rows; SQLite lets the second wait for the first."""
    person = queue(10)
    taken: list[int] = []
    done = threading.Event()

    def second() -> None:
        with committed.app_context():
            with transaction():
                taken.append(deliver(limit=50))
            done.set()

    rival = threading.Thread(target=second)
    with transaction():
        assert deliver(limit=4) == 4
        rival.start()
        assert done.wait(120 if database == "postgresql" else 0.3) is (database == "postgresql")
    rival.join(30)
    assert taken == [6]
    assert arrived(person) == expected(10)


@pytest.mark.races
def test_many_senders_deliver_everything_once(committed: App) -> None:
    person = queue(80)
    taken: list[int] = []

    def send() -> None:
        with committed.app_context():
            taken.append(deliver_all())

    rivals = [threading.Thread(target=send) for _ in range(4)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(60)
    assert sum(taken) == 80
    assert arrived(person) == expected(80)


class Killed(BaseException):
    """The process is gone: no handler of the program may catch this."""


def deliver_until(statement: int) -> bool:
    """One batch, killed at its n-th statement; False when it had fewer."""
    seen = 0

    def count_down(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            raise Killed

    engine = db.engine
    event.listen(engine, "before_cursor_execute", count_down)
    try:
        with transaction():
            deliver()
    except Killed:
        return True
    finally:
        event.remove(engine, "before_cursor_execute", count_down)
    return False


@pytest.mark.races
def test_sender_killed_at_any_statement_leaves_it_to_the_next(committed: App) -> None:
    """Statement by statement, until one run gets through."""
    person = queue(3)
    statement = 1
    while deliver_until(statement):
        assert arrived(person) == []
        assert deliver_all() == 3
        assert arrived(person) == expected(3)
        person = queue(3)
        statement += 1
    assert arrived(person) == expected(3)
    assert statement > 6


@pytest.mark.races
@pytest.mark.slow
def test_killed_processes_neither_lose_nor_double(
    committed: App, real_url: str, tmp_path: Path
) -> None:
    """SIGKILL, somewhere in the middle, four times; then one sender in peace."""
    person = queue(400)
    command = [sys.executable, "-c", SENDER, real_url, str(tmp_path)]
    killed = 0
    for pause in (0.02, 0.05, 0.1, 0.15):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            assert sender.stdout.readline() == "ready\n"
            time.sleep(pause)
            sender.send_signal(signal.SIGKILL)
            killed += sender.wait(10) == -signal.SIGKILL
    deliver_all()
    assert killed
    assert arrived(person) == expected(400)
    with transaction(writing=False):
        unsent = sa.select(sa.func.count()).where(OutboxMessage.state != OutboxState.SENT)
        assert session.scalar(unsent) == 0
