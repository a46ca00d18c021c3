"""A server for the races: PostgreSQL with two processes, SQLite with one and with two.

And a stage, whose servers are the threads of this process.
"""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.kernel.database import db, transaction
from app.organisation.service import set_setting
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.races.erasing import Stage
from tests.serving import Server, migrated, serving
from tests.world import SYSTEM, build_world


@pytest.fixture(scope="module", params=[1, 2], ids=["one-process", "two-processes"])
def server(
    request: pytest.FixtureRequest, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The server with its database."""
    workers = int(request.param)
    folder = tmp_path_factory.mktemp("race")
    if database == "sqlite":
        with serving(settings_for(new_sqlite(folder), folder), folder, workers=workers) as found:
            yield found
        return
    if workers == 1:
        pytest.skip("on PostgreSQL two processes say all that one would")
    with (
        postgres.new_database(f"sandan_race_{uuid.uuid4().hex[:12]}") as url,
        serving(settings_for(url, folder), folder, workers=workers) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def stage(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The district on a real database of its own; the threads of this process are its servers."""
    folder = tmp_path_factory.mktemp("erasing")
    with ExitStack() as stack:
        url = new_sqlite(folder)
        if database == "postgresql":
            name = f"sandan_erasing_{uuid.uuid4().hex[:12]}"
            url = stack.enter_context(postgres.new_database(name))
        app = migrated(settings_for(url, folder))
        with app.app_context():
            world = build_world()
            with transaction():
                for key in ("orders.open_cap", "orders.daily_cap"):
                    set_setting(SYSTEM, world.district.id, key=key, value=50)
        yield Stage(app, world)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
