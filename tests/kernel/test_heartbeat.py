"""Which job processes live, what is noted of their rounds, and where both are shown."""

import os
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from app.jobs import Job, run_job
from app.kernel import heartbeat
from app.kernel.clock import now
from app.kernel.database import database_now, session, transaction
from app.kernel.given_up import kinds
from app.kernel.heartbeat import Heartbeat, JobProcess, JobRound, Rounds
from app.kernel.http import App
from app.kernel.queue import MAX_ATTEMPTS
from app.kernel.slots import fail_slot
from app.notifications.models import OutboxMessage
from app.notifications.states import OutboxState
from tests.conftest import Clock, count
from tests.world import World


def age(seconds: float) -> None:
    """As if no process had said anything since then."""
    beat_at = database_now() - timedelta(seconds=seconds)
    session.execute(update(JobProcess).values(beat_at=beat_at))


def the_process() -> JobProcess:
    """The one row as the database has it."""
    return session.scalars(select(JobProcess).execution_options(populate_existing=True)).one()


def test_a_process_lives_as_long_as_it_says_so(app: App) -> None:
    """Half a minute on the database's clock; one row a process, which goes when it stops."""
    assert app
    assert (heartbeat.count_living(), heartbeat.last_beat_seconds()) == (0, None)
    heart = Heartbeat()
    heart.beat()
    row = the_process()
    assert row.pid == os.getpid()
    assert row.host
    assert row.started_at == row.beat_at
    age(29)
    assert heartbeat.count_living() == 1
    age(31)
    assert heartbeat.count_living() == 0
    seconds = heartbeat.last_beat_seconds()
    assert seconds is not None
    assert 31 <= seconds < 60
    heart.beat()
    assert count(JobProcess) == heartbeat.count_living() == 1
    assert the_process().started_at == row.started_at
    other = Heartbeat()
    other.beat()
    assert heartbeat.count_living() == 2
    heart.end()
    assert heartbeat.count_living() == 1
    other.end()
    assert count(JobProcess) == 0


def test_business_time_does_not_move_it(app: App, clock: Clock) -> None:
    """A process does not die because a test goes to next year."""
    assert app
    Heartbeat().beat()
    clock.set("2036-01-01T00:00:00+08:00")
    assert heartbeat.count_living() == 1


def test_the_dead_are_forgotten_after_a_day(app: App) -> None:
    """One that was only asleep comes back, as itself."""
    assert app
    heart = Heartbeat()
    heart.beat()
    before = the_process()
    age(86_300)
    assert heartbeat.forget_processes() == 0
    age(86_500)
    assert heartbeat.forget_processes() == 1
    Heartbeat().beat()
    stranger = the_process()
    assert stranger.id != before.id
    heart.beat()
    assert count(JobProcess) == 2
    heart.end()
    assert the_process().id == stranger.id


def noted() -> JobRound:
    """What is written down of the one job."""
    with transaction(writing=False):
        return session.scalars(select(JobRound).execution_options(populate_existing=True)).one()


def test_rounds_are_noted_once_a_minute_and_at_each_failure(
    committed: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost in between, and two processes add up."""
    assert committed
    seconds = [1000.0]
    monkeypatch.setattr("app.kernel.heartbeat.monotonic", lambda: seconds[0])
    clock.set("2026-03-02T09:00:00+08:00")
    rounds = Rounds()
    rounds.note("tests.job", 2, None)
    assert (noted().rounds, noted().last_done, noted().last_at) == (1, 2, now())
    seconds[0] += 59
    rounds.note("tests.job", 3, None)
    rounds.note("tests.job", 4, None)
    assert noted().rounds == 1
    seconds[0] += 1
    clock.set("2026-03-02T09:01:00+08:00")
    rounds.note("tests.job", 5, None)
    assert (noted().rounds, noted().last_done, noted().last_at) == (4, 12, now())
    rounds.note("tests.job", 0, "KeyError")
    row = noted()
    assert (row.rounds, row.failures, row.last_error) == (5, 1, "KeyError")
    assert row.last_failed_at == now()
    clock.set("2026-03-02T09:02:00+08:00")
    Rounds().note("tests.job", 1, None)
    row = noted()
    assert (row.rounds, row.failures, row.last_error) == (6, 1, "KeyError")
    assert row.last_failed_at is not None
    assert row.last_failed_at < now() == row.last_at
    rounds.note("tests.job", 7, None)
    assert noted().rounds == 6
    rounds.write()
    assert (noted().rounds, noted().last_done) == (7, 7)
    rounds.write()
    assert noted().rounds == 7


def test_what_could_not_be_noted_is_noted_later(
    committed: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job itself goes on."""
    with monkeypatch.context() as broken:
        broken.setattr("app.kernel.heartbeat._add", explode)
        assert run_job(committed, Job("tests.job", lambda: 0, every=1)) == 0
    with transaction(writing=False):
        assert count(JobRound) == 0
    run_job(committed, Job("tests.job", lambda: 0, every=1))
    assert noted().rounds == 2


def explode(*_: object) -> int:
    """The database is away."""
    raise OperationalError("INSERT", {}, Exception("gone"))


def test_a_failing_job_is_counted_with_its_name(committed: App) -> None:
    """What it did before stays, and the round ends."""
    batches = iter([3, 2])

    def work() -> int:
        found = next(batches, None)
        if found is None:
            raise RuntimeError("no more paper")
        return found

    assert run_job(committed, Job("tests.job", work, every=1)) == 5
    row = noted()
    assert (row.name, row.rounds, row.last_done, row.failures) == ("tests.job", 1, 5, 1)
    assert row.last_error == "RuntimeError"


def ready(client: FlaskClient) -> tuple[int, dict[str, object]]:
    """Status and body of /readyz."""
    answer = client.get("/readyz")
    return answer.status_code, dict(answer.get_json())


def test_readiness_tells_of_the_jobs(client: FlaskClient) -> None:
    """Without them the web serves all the same."""
    session.execute(text("CREATE TABLE alembic_version (version_num varchar(32))"))
    status, body = ready(client)
    assert (status, body) == (
        200,
        {"status": "ok", "jobs": {"alive": 0, "last_beat_seconds": None}},
    )
    Heartbeat().beat()
    status, body = ready(client)
    assert body["status"] == "ok"
    jobs = body["jobs"]
    assert isinstance(jobs, dict)
    assert jobs["alive"] == 1
    assert 0 <= jobs["last_beat_seconds"] < 30
    age(100)
    status, body = ready(client)
    assert status == 200
    jobs = body["jobs"]
    assert isinstance(jobs, dict)
    assert jobs["alive"] == 0
    assert 100 <= jobs["last_beat_seconds"] < 130


def gauges(client: FlaskClient) -> dict[str, float]:
    """The gauges of a scrape by name and labels."""
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    pairs = [
        line.rpartition(" ") for line in lines if line.startswith(("job_", "outbox_", "given_up_"))
    ]
    return {name: float(value) for name, _, value in pairs}


def test_figures_are_those_of_the_database(world: World, clock: Clock) -> None:
    """Read at each scrape, whichever process is asked."""
    client = world.client
    assert client is not None
    clock.set("2026-03-02T09:00:00+08:00")
    nothing = {f"given_up_{kind}s": 0 for kind in kinds()}
    assert gauges(client) == nothing | {
        "job_processes": 0,
        "outbox_oldest_seconds": 0,
        "outbox_waiting": 0,
    }
    about = {"recipient_id": world.ids["resident"], "moment": "order.placed", "params": {}}
    about |= {"subject_kind": "order", "subject_id": 1, "urgent": False}
    session.add_all(
        OutboxMessage(
            state=state,
            created_at=now() - timedelta(seconds=waited),
            given_up_at=now() if state is OutboxState.GIVEN_UP else None,
            **about,
        )
        for state, waited in (
            (OutboxState.QUEUED, 40),
            (OutboxState.SENDING, 90),
            (OutboxState.SENT, 300),
            (OutboxState.GIVEN_UP, 400),
        )
    )
    for _ in range(MAX_ATTEMPTS):
        fail_slot("tests.bulletin", "2026-W47", None, "RuntimeError")
    fail_slot("tests.bulletin", "2026-W48", None, "RuntimeError")
    Heartbeat().beat()
    age(100)
    for error in (None, "KeyError"):
        Rounds().note("tests.job", 1, error)
    found = gauges(client)
    assert 100 <= found.pop("job_last_beat_seconds") < 130
    assert found == nothing | {
        "job_processes": 0,
        "given_up_slots": 1,
        "given_up_messages": 1,
        "outbox_oldest_seconds": 90,
        "outbox_waiting": 2,
        'job_rounds{job="tests.job"}': 2,
        'job_failures{job="tests.job"}': 1,
    }


def test_without_a_database_the_own_figures_are_told(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kernel.heartbeat.rounds_by_job", explode)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    told = answer.get_data(as_text=True)
    assert "process_cpu_seconds_total" in told
    assert "outbox_waiting" not in told
