"""The demo as `./run` gives it: served, with the jobs beside it, on a database of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import create_app
from app.kernel.http import App
from tests.conftest import settings_for
from tests.demo_data import demo_database, let_go
from tests.serving import ROOT, environ, running


@dataclass
class DemoServer:
    """Where the demo answers, the app to look inside, and what its processes read."""

    address: str
    app: App
    environ: dict[str, str]


@contextmanager
def demo_serving(
    database: str, folder: Path, factory: pytest.TempPathFactory, *, log_level: str = "INFO"
) -> Iterator[DemoServer]:
    """Web server and jobs on a new database with the demo in it; all of it ends with the block."""
    with ExitStack() as ends:
        url = ends.enter_context(demo_database(database, folder, factory))
        settings = settings_for(url, folder) | {"LOG_LEVEL": log_level}
        app = create_app(settings)
        ends.callback(let_go, app)
        server = ends.enter_context(running(settings, folder / "server.log"))
        ends.enter_context(_jobs(environ(settings), folder / "jobs.log"))
        yield DemoServer(server.address, app, environ(settings))


@contextmanager
def _jobs(environment: dict[str, str], log: Path) -> Iterator[None]:
    """`flask run-jobs` as a process; it must still be there at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "run-jobs"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
