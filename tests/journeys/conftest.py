"""One served demo for all journeys of a run."""

from collections.abc import Iterator

import pytest

from tests.demo_server import DemoServer, demo_serving


@pytest.fixture(scope="session")
def demo(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo with its web server and its jobs."""
    with demo_serving(database, tmp_path_factory.mktemp("demo_served"), tmp_path_factory) as found:
        yield found
