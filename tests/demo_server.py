"""The demo as `./run` gives it: served, with the jobs beside it, on a database of its own."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.demo import build
from app.kernel.database import db
from app.kernel.http import App
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.serving import ROOT, environ, migrated, running


@dataclass
class DemoServer:
    """Where the demo answers, the app to look inside, and what its processes read."""

    address: str
    app: App
    environ: dict[str, str]


@contextmanager
def demo_serving(database: str, folder: Path, *, log_level: str = "INFO") -> Iterator[DemoServer]:
    """Web server and jobs on a new database with the demo in it; all of it ends with the block."""
    with ExitStack() as ends:
        if database == "sqlite":
            url = new_sqlite(folder)
        else:
            url = ends.enter_context(postgres.new_database(f"sandan_demo_{uuid.uuid4().hex[:12]}"))
        settings = settings_for(url, folder) | {"LOG_LEVEL": log_level}
        app = migrated(settings)
        with app.app_context():
            assert build.build()
            ends.callback(_let_go, app)
        server = ends.enter_context(running(settings, folder / "server.log"))
        ends.enter_context(_jobs(environ(settings), folder / "jobs.log"))
        yield DemoServer(server.address, app, environ(settings))


def _let_go(app: App) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


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
