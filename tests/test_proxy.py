"""Slow phones wait at nginx, as README.md sets it up, and not in the threads of the program."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import proxy
from tests.conftest import new_sqlite, settings_for
from tests.proxy import in_front_of, slow_bodies
from tests.serving import Server, serving

needs_nginx = pytest.mark.skipif(proxy.NGINX is None, reason="NGINX IS NOT INSTALLED")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one process."""
    folder = tmp_path_factory.mktemp("proxy")
    with serving(settings_for(new_sqlite(folder), folder), folder, workers=1) as found:
        yield found


def port_of(server: Server) -> int:
    """The port where the server listens."""
    return int(server.address.rpartition(":")[2])


def status(port: int, token: str, seconds: float) -> int:
    """The status of `GET /me`; 0 where there is no answer in so many seconds."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/me", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0


@needs_nginx
@pytest.mark.slow
def test_slow_bodies_wait_at_the_proxy(server: Server, tmp_path: Path) -> None:
    """Sixteen of them hold no thread; straight at the program they stop it, so this test can fail."""
    slow, other = server.token(server.world.ids["resident"]), server.token(server.world.ids["duty"])
    with in_front_of(port_of(server), tmp_path / "nginx") as port:
        assert status(port, other, 30) == 200
        with slow_bodies(port, slow, 16):
            time.sleep(1)
            assert [status(port, other, 30) for _ in range(5)] == [200] * 5
        with slow_bodies(port_of(server), slow, 4):
            time.sleep(1)
            assert status(port, other, 3) == 0
        assert status(port, other, 30) == 200


def test_readme_buffers() -> None:
    """The settings on which it depends stand in README, and no other value of them does."""
    site = proxy.site(8001, 8002)
    for setting in (
        "proxy_request_buffering on;",
        "proxy_buffering on;",
        "client_body_timeout 15s;",
    ):
        assert site.count(setting.split()[0]) == site.count(setting) == 1
    assert "ssl" not in site
