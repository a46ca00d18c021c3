"""A server for the races: PostgreSQL with two processes, SQLite with one and with two."""

import uuid
from collections.abc import Iterator

import pytest

from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.serving import Server, serving


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
