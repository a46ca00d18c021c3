"""The small district on a real database of its own, and the program's processes on it."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app import create_app
from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.orders.ticket.models import Order
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.serving import ROOT, environ
from tests.world import World, build_world

SHARED = Path(os.environ.get("SHARED_DATA") or ROOT.parent / "shared" / "data")
REQUESTS = SHARED / "la311" / "requests.csv"


@dataclass(frozen=True, slots=True)
class Installed:
    """The app to look inside, and what its processes read."""

    app: App
    world: World
    environ: dict[str, str]
    folder: Path

    def orders(self) -> int:
        """How many there are, as others see it."""
        with self.app.app_context(), transaction(writing=False):
            return session.scalar(select(func.count()).select_from(Order)) or 0

    def command(self, *words: str) -> list[str]:
        """`flask …` as a process."""
        return [sys.executable, "-m", "flask", *words]

    def importing(
        self, file: Path, mapping: str, *more: str, rejects: str = "rejected.csv"
    ) -> list[str]:
        """`flask orders import` into the first community."""
        rejected = self.folder / rejects
        unit = str(self.world.community.id)
        words = ("--mapping", mapping, "--unit", unit, "--rejected", str(rejected), *more)
        return self.command("orders", "import", str(file), *words)

    def run(self, command: Sequence[str]) -> str:
        """What a process says that must succeed."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=540,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def kill(self, command: Sequence[str], beyond: int) -> int:
        """Starts a process and ends it by SIGKILL once there are more orders; its exit code."""
        with (self.folder / "killed.log").open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdout=output, stderr=output
            )
        try:
            while process.poll() is None and self.orders() <= beyond:
                time.sleep(0.005)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        return process.returncode


@contextmanager
def installed(kind: str, folder: Path) -> Iterator[Installed]:
    """A new database of that kind with all tables and the small district; gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ends:
        url = new_sqlite(folder)
        if kind == "postgresql":
            name = f"sandan_import_{uuid.uuid4().hex[:12]}"
            url = ends.enter_context(postgres.new_database(name))
        settings = settings_for(url, folder)
        app = create_app(settings)
        with app.app_context():
            db.create_all()
            world = build_world()
        ends.callback(_let_go, app)
        yield Installed(app, world, environ(settings), folder)


def _let_go(app: App) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
