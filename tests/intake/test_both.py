"""The same file makes the same orders on both databases."""

from pathlib import Path

import pytest

from tests.intake.conftest import counts
from tests.intake.digest import digest
from tests.intake.installed import REQUESTS, installed
from tests.intake.invented import CITY, LEDGER, as_csv, as_excel, city_rows, ledger_row
from tests.intake.test_quiet import STATES

pytestmark = pytest.mark.slow


@pytest.fixture
def both(database: str) -> tuple[str, str]:
    """Compared once, in the run that has a server anyway."""
    if database == "sqlite":
        pytest.skip("compared in the run on PostgreSQL")
    return "sqlite", "postgresql"


def test_invented_files(both: tuple[str, str], tmp_path: Path) -> None:
    """A city's and a community's, with rows that are bad."""
    city, ledger = tmp_path / "city.csv", tmp_path / "ledger.xlsx"
    city.write_bytes(as_csv(city_rows(300), CITY))
    rows = [ledger_row(at, 状态=STATES[at % 8], 暂缓至="2099-01-01") for at in range(1, 100)]
    ledger.write_bytes(as_excel([*rows, ledger_row(100, 状态="忘了")], LEDGER))
    found, rejected = [], []
    for kind in both:
        with installed(kind, tmp_path / kind) as place, place.app.app_context():
            runner = place.app.test_cli_runner()
            done = runner.invoke(args=place.importing(city, "la311")[3:])
            assert counts(done.output) == (300, 300, 0, 0)
            done = runner.invoke(args=place.importing(ledger, "ledger")[3:])
            assert counts(done.output) == (100, 99, 0, 1)
            found.append(digest())
            rejected.append((place.folder / "rejected.csv").read_bytes())
    assert found[0] == found[1]
    assert found[0].endswith(" 399")
    assert rejected[0] == rejected[1]


@pytest.mark.full
@pytest.mark.skipif(
    not REQUESTS.is_file(), reason=f"NOT RUN: no city requests in {REQUESTS} (SHARED_DATA)"
)
def test_los_angeles(both: tuple[str, str], tmp_path: Path) -> None:
    """All 10,000."""
    found = []
    for kind in both:
        with installed(kind, tmp_path / kind) as place:
            said = place.run(place.importing(REQUESTS, "la311"))
            assert counts(said) == (10_000, 10_000, 0, 0)
            with place.app.app_context():
                found.append(digest())
    assert found[0] == found[1]
