"""The demo on a database of one's own: built once a run, then copied to whoever asks."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.demo import build
from app.kernel.database import db
from app.kernel.http import App
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.serving import migrated


@contextmanager
def demo_database(database: str, folder: Path, factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database with the demo in it; what is kept beside it goes to `folder`."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    pattern = f"{os.environ[postgres.RUN]}_demo"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / "demo"
        if not (shared / "demo.built").exists():
            kept.mkdir()
            _build(new_sqlite(kept) if database == "sqlite" else postgres.create(pattern), kept)
            (shared / "demo.built").touch()
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        with ExitStack() as ends:
            url = new_sqlite(folder)
            if database == "postgresql":
                name = f"sandan_demo_{uuid.uuid4().hex[:12]}"
                url = ends.enter_context(postgres.new_database(name, template=pattern))
            fcntl.flock(lock, fcntl.LOCK_UN)
            yield url


def _build(url: str, folder: Path) -> None:
    os.environ.pop("CLOCK_FILE", None)
    app = migrated(settings_for(url, folder))
    with app.app_context():
        assert build.build()
    let_go(app)


def let_go(app: App) -> None:
    """Closes the app's connections."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
