"""Real processes that run the timetable: killed, stopped, asked how they are."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.kernel.audit import AuditRow
from app.kernel.database import database_now, session, transaction
from app.kernel.heartbeat import JobProcess, JobRound
from app.kernel.http import App
from app.kernel.slots import JobSlot, SlotState, due_slots
from tests.conftest import count
from tests.serving import ROOT, environ

pytestmark = [pytest.mark.slow, pytest.mark.races]

# One tick; with "inside" and "before" it dies in the work, with "after" between work and finish.
BULLETIN = """
import sys
import time

from sqlalchemy import select

from app.jobs import SlotJob, run_job
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, record
from app.kernel.database import session, transaction
from wsgi import app

mode, hangs = sys.argv[1], sys.argv[2] == "hangs"


def hang():
    if hangs:
        print("working", flush=True)
        time.sleep(600)


def publish(slot):
    record(Actor.system("tests"), "bulletin.published", "bulletin", 1, reason=slot)
    session.flush()


def inside(slot):
    publish(slot)
    hang()


def before(slot):
    hang()
    with transaction():
        publish(slot)


def after(slot):
    with transaction():
        if session.scalars(select(AuditRow.id).where(AuditRow.reason == slot)).first() is None:
            publish(slot)
    hang()


work = {"inside": inside, "before": before, "after": after}[mode]
job = SlotJob("tests.bulletin", lambda _: ["2026-W47"], work, in_transaction=mode == "inside")
print(run_job(app, job), flush=True)
"""
# The timetable with one job, whose second round takes until a file is there. It says when it has
# begun and when the process has heard that it is to stop; at the end how many rounds there were.
SLOW = """
import signal
import sys
import time
from pathlib import Path

from app import jobs
from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.database import transaction
from wsgi import app

finished = Path(sys.argv[1])
batches = []


def is_stopping():
    return all(signal.getsignal(number) is signal.SIG_DFL for number in jobs.SIGNALS)


def wait_until(is_so):
    while not is_so():
        time.sleep(0.05)


def work():
    batches.append(len(batches) == 1)
    if not batches[-1]:
        return 0
    print("working", flush=True)
    wait_until(is_stopping)
    print("stopping", flush=True)
    wait_until(finished.exists)
    with transaction():
        record(Actor.system("tests"), "work.done", "work", 1)
    return 1


jobs.TIMETABLE = (jobs.Job("tests.slow", work, every=1, in_transaction=False),)
# Bulletins come at the full minute, which may fall into the test.
jobs.CALENDAR = ()
jobs.run(app)
print(batches.count(False), flush=True)
"""
# How long a process may take for what it does at once where the machine is idle.
PATIENCE = 120


@contextmanager
def running(app: App, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process on the app's database; killed at the end, whatever it does."""
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=environ(dict(app.config)),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def published() -> int:
    """How often the work appears."""
    with transaction(writing=False):
        return count(AuditRow)


def due() -> list[str]:
    """What the next tick would do."""
    with transaction(writing=False):
        return due_slots("tests.bulletin", ["2026-W47"])


def tick_twice(app: App, mode: str) -> list[str]:
    """How much each of two processes does at the same time, sorted."""
    words = ("-c", BULLETIN, mode, "works")
    with running(app, *words) as one, running(app, *words) as other:
        return sorted([said(one), said(other)])


@pytest.mark.parametrize("mode", ["inside", "before", "after"])
def test_what_a_killed_process_leaves_is_done_once(committed: App, mode: str) -> None:
    """SIGKILL in the middle; of two that come then one takes it up, and only when it may."""
    with running(committed, "-c", BULLETIN, mode, "hangs") as process:
        assert said(process) == "working"
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
    assert published() == (mode == "after")
    assert due() == (["2026-W47"] if mode == "inside" else [])
    with transaction():
        over = database_now() - timedelta(seconds=1)
        session.execute(update(JobSlot).values(lease_until=over))
    assert tick_twice(committed, mode) == ["0", "1"]
    assert due() == []
    assert published() == 1
    with transaction(writing=False):
        slot = session.scalars(select(JobSlot)).one()
        assert slot.state is SlotState.DONE
        assert (slot.fence, slot.attempts) == (0 if mode == "inside" else 2, 0)


def until_there_are(processes: int) -> None:
    """Waits for that many rows of processes."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with transaction(writing=False):
            if count(JobProcess) == processes:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_polite_stop_lets_the_round_finish(committed: App, tmp_path: Path) -> None:
    """Until then the process is known to live; afterwards nothing is left of it but its rounds."""
    finished = tmp_path / "finished"
    with running(committed, "-c", SLOW, str(finished)) as process:
        assert said(process) == "working"
        until_there_are(1)
        process.terminate()
        assert said(process) == "stopping"
        assert process.poll() is None
        until_there_are(1)
        assert published() == 0
        finished.touch()
        rounds = int(said(process))
        assert process.wait(PATIENCE) == 0
    assert published() == 1
    until_there_are(0)
    with transaction(writing=False):
        noted = session.scalars(select(JobRound)).one()
        assert (noted.name, noted.rounds, noted.last_done) == ("tests.slow", rounds, 1)
    assert rounds >= 2


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(
    committed: App, tmp_path: Path, second: signal.Signals
) -> None:
    """Its row stays, and is as good as none half a minute later."""
    with running(committed, "-c", SLOW, str(tmp_path / "never")) as process:
        assert said(process) == "working"
        until_there_are(1)
        process.terminate()
        assert said(process) == "stopping"
        assert process.poll() is None
        process.send_signal(second)
        assert process.wait(PATIENCE) == -second
    assert published() == 0
    until_there_are(1)


def test_the_status_names_who_runs(committed: App) -> None:
    """0 while somebody does, 1 afterwards; each job and each figure in words."""
    runner = committed.test_cli_runner()
    with running(committed, "-m", "flask", "run-jobs") as process:
        until_there_are(1)
        told = runner.invoke(args=["jobs", "status"])
        assert told.exit_code == 0, told.output
        assert "正在运行的任务进程：1 个" in told.output
        assert f"{os.uname().nodename}，进程号 {process.pid}：" in told.output
        assert "notifications.deliver：" in told.output
        assert "等待发送的消息（条）：0" in told.output
        process.terminate()
        assert process.wait(PATIENCE) == 0
    told = runner.invoke(args=["jobs", "status"])
    assert told.exit_code == 1
    assert "没有任务进程在运行" in told.output
