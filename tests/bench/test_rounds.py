"""The rounds of the measurements: nothing that went wrong may count."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from bench.load import Job
from bench.rounds import Side, in_turns, run_load
from bench.servers import Server, capacity


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = 503 if self.path == "/broken" else 200
        if self.path == "/slow":
            time.sleep(0.1)
        self.send_response(status)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"fine")

    def log_message(self, *_: Any) -> None:
        """Nothing is said."""


@contextmanager
def _served() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Still:
    """A server whose processor time nobody asks for."""

    def cpu(self) -> float:
        return 0.0


def _side(port: int, path: str, most: int = 10**6) -> Side:
    def job(made: int) -> Job:
        return Job(port, 2, 0, "GET", [path], ["token"], most=most - made)

    return Side(path, cast(Server, _Still()), job, list)


@pytest.mark.slow
def test_rounds_are_played_in_turns() -> None:
    with _served() as port:
        one, other = _side(port, "/one"), _side(port, "/other")
        in_turns(one, other, 2, 0.1)
    for side in (one, other):
        assert len(side.rounds) == 2
        assert side.middle("rate") > 0
        assert side.made > sum(played.made for played in side.rounds), "warming up counts as made"


@pytest.mark.slow
def test_a_refusal_ends_the_run() -> None:
    with _served() as port, pytest.raises(RuntimeError, match="503"):
        _side(port, "/broken").play(0.1)


@pytest.mark.slow
def test_running_out_of_requests_ends_the_run() -> None:
    with _served() as port, pytest.raises(RuntimeError, match="nothing was left"):
        _side(port, "/one", most=3).play(1)


@pytest.mark.slow
def test_a_rate_is_kept_and_what_is_late_counts() -> None:
    with _served() as port:
        result = run_load(Job(port, 2, 0, "GET", ["/one"], ["token"], rate=20), 1)
        slow = run_load(Job(port, 1, 0, "GET", ["/slow"], ["token"], rate=20), 1)
    assert 18 <= result.made <= 20
    assert result.latencies[-1] < 0.2
    # One a tenth of a second, twice as many wanted: the last has waited for the others.
    assert slow.latencies[-1] > 0.3


def test_the_server_is_started_as_run_does() -> None:
    assert capacity(workers=2) == 2 * capacity(workers=1) > 0
