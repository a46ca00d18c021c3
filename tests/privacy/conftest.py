"""One demo for all looks at what is kept: walked through by the journey, with talkative logs."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.jobs import TIMETABLE, run_job
from app.kernel.http import App
from tests.demo_server import demo_serving
from tests.privacy.dump import dump
from tests.serving import ROOT


@dataclass(frozen=True)
class Kept:
    """The demo after a day's work, and where all of it is kept."""

    app: App
    database: str
    folder: Path

    def dump(self) -> dict[str, bytes]:
        """Everything that is written down anywhere."""
        return dump(self.app, self.folder)

    def run_jobs(self) -> None:
        """Each job of the timetable, once."""
        for job in TIMETABLE:
            run_job(self.app, job)


@pytest.fixture(scope="session")
def kept(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The demo with one more order, walked through with curl while web server and jobs log it all."""
    folder = tmp_path_factory.mktemp("privacy")
    with demo_serving(database, folder, tmp_path_factory, log_level="DEBUG") as demo:
        if not shutil.which("curl"):
            pytest.fail("NOT RUN: journey.sh needs curl")
        subprocess.run(
            ["bash", "examples/journey.sh", demo.address], cwd=ROOT, env=demo.environ, check=True
        )
        found = Kept(demo.app, database, folder)
        found.run_jobs()
        yield found
