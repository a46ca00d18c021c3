"""Killed in the middle and started again, an import ends like one that nobody has disturbed."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.jobs import TIMETABLE, run_job
from app.kernel.database import transaction
from app.orders.record.verifying import verify_histories
from tests.intake.conftest import counts
from tests.intake.digest import digest
from tests.intake.installed import REQUESTS, Installed, installed
from tests.intake.invented import CITY, as_csv, city_rows

pytestmark = [pytest.mark.slow, pytest.mark.figures]
ROWS, ALL_ROWS, BATCH = 600, 10_000, 10
# `flask run-jobs` begins with its first tick; the rounds themselves are these.
ROUND = """
from app.jobs import TIMETABLE, run_job
from wsgi import app
job = next(job for job in TIMETABLE if job.name == "intake.apply_imports")
while run_job(app, job):
    pass
"""


@pytest.fixture(scope="module")
def city(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Invented rows; with --figures all those of Los Angeles."""
    if pytestconfig.getoption("--figures"):
        if not REQUESTS.is_file():
            pytest.skip(f"NOT RUN: no {ALL_ROWS} city requests in {REQUESTS} (SHARED_DATA)")
        return REQUESTS, ALL_ROWS
    file = tmp_path_factory.mktemp("city") / "city.csv"
    file.write_bytes(as_csv(city_rows(ROWS), CITY))
    return file, ROWS


@pytest.fixture(scope="module")
def undisturbed(
    database: str, city: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """What is there after one run from the beginning to the end."""
    file, rows = city
    with installed(database, tmp_path_factory.mktemp("undisturbed")) as place:
        said = place.run(place.importing(file, "la311"))
        assert counts(said) == (rows, rows, 0, 0)
        with place.app.app_context():
            return digest()


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[Installed]:
    """A database of the test's own."""
    with installed(database, tmp_path / "killed") as found:
        yield found


def batch_for(rows: int) -> str:
    """Small, so that there is a middle to be killed in."""
    return str(BATCH if rows == ROWS else 10 * BATCH)


def assert_whole(place: Installed, undisturbed: str, rows: int) -> None:
    """The same orders, sound histories, and nobody told, also after all jobs."""
    with place.app.app_context():
        assert digest() == undisturbed
        with transaction(writing=False):
            verdicts = verify_histories()
    assert len(verdicts) == rows
    assert not [verdict for verdict in verdicts if verdict.broken or verdict.erased]
    done = {job.name: run_job(place.app, job) for job in TIMETABLE}
    assert {name for name, many in done.items() if many and name.startswith("orders.")} == set()
    with place.app.app_context():
        assert digest() == undisturbed


def test_the_command(place: Installed, city: tuple[Path, int], undisturbed: str) -> None:
    """Five times killed, once before its first batch."""
    file, rows = city
    command = place.importing(file, "la311", "--batch", batch_for(rows))
    for part in range(5):
        beyond = rows * part // 6 if part else -1
        assert place.kill(command, beyond) == -signal.SIGKILL
        assert place.orders() % int(batch_for(rows)) == 0
        assert place.orders() < rows
    there = place.orders()
    assert there > rows // 2
    assert counts(place.run(command)) == (rows, rows - there, there, 0)
    assert counts(place.run(command)) == (rows, 0, rows, 0)
    assert_whole(place, undisturbed, rows)


@pytest.mark.races
def test_two_at_once(place: Installed, city: tuple[Path, int], undisturbed: str) -> None:
    """Each row comes in once, through one of the two; neither takes the other's rows for bad."""
    file, rows = city
    commands = [
        place.importing(file, "la311", "--batch", batch_for(rows), rejects=f"{name}.csv")
        for name in ("one", "two")
    ]
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(place.run, commands))
    tallies = [counts(text) for text in said]
    assert sum(added for _, added, _, _ in tallies) == rows
    for read, added, known, rejected in tallies:
        assert (read, added + known, rejected) == (rows, rows, 0)
    assert_whole(place, undisturbed, rows)


def test_the_job(place: Installed, city: tuple[Path, int], undisturbed: str) -> None:
    """An uploaded file, entered by a process that is killed twice."""
    file, rows = city
    with place.app.app_context():
        client = place.app.test_client()
        headers = place.world.login("dispatcher")
        with file.open("rb") as content:
            about = {"unit_id": str(place.world.community.id), "mapping": "la311"}
            answer = client.post(
                "/api/v1/imports", data={**about, "file": (content, "city.csv")}, headers=headers
            )
        # A long upload lies in a temporary file, which the client leaves open.
        answer.request.environ["wsgi.input"].close()
        assert answer.status_code == 201, answer.json
        import_id = (answer.json or {})["id"]
        applied = client.post(f"/api/v1/imports/{import_id}/apply", headers=headers)
        assert applied.status_code == 200
    round_of_job = [sys.executable, "-c", ROUND]
    for part in range(2):
        assert place.kill(round_of_job, rows * part // 3) == -signal.SIGKILL
    assert place.orders() < rows
    place.run(round_of_job)
    with place.app.app_context():
        shown = client.get(f"/api/v1/imports/{import_id}", headers=headers).json or {}
    assert (shown["state"], shown["added"], shown["known"]) == ("done", rows, 0)
    assert_whole(place, undisturbed, rows)
