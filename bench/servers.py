"""Starts web servers as `./run` does, and measures the processor time of servers and database."""

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from config import ROOT

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# Seconds; a server that does not answer by then has failed to start.
_START = 60


def granian_options() -> list[str]:
    """The options of the web server, read from the script `./run` so that both stay the same.

    Raises RuntimeError if the script does not start granian.
    """
    script = (ROOT / "run").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"-m granian (.*) wsgi:app", script)
    if found is None:
        raise RuntimeError("run no longer starts granian")
    return found[1].split()


def capacity(workers: int) -> int:
    """The number of connections that such a server answers; granian lets further ones wait."""
    options = granian_options()
    return int(options[options.index("--backpressure") + 1]) * workers


@dataclass(slots=True)
class Server:
    """A running web server."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu(self) -> float:
        """The seconds of processor time that all its processes have used so far."""
        main = psutil.Process(self.process.pid)
        return sum(map(_seconds_of, (main, *main.children(recursive=True))))


@contextmanager
def serving(target: str, environ: Mapping[str, str], workers: int, log: Path) -> Iterator[Server]:
    """Starts a web server for `MODULE:APP` on a free port and stops it at the end of the block.

    Its output goes to `log`. Raises RuntimeError if the server ends or does not answer in 60 seconds.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell = {'"$HOST"': "127.0.0.1", '"$PORT"': str(port), '"$SERVER_WORKERS"': str(workers)}
    options = [shell.get(option, option) for option in granian_options()]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", *options, target],
            cwd=ROOT,
            env=dict(environ),
            stdout=output,
            stderr=output,
        )
    try:
        _await(port, process, log)
        yield Server(port, process)
    finally:
        _end(process)


@contextmanager
def working(environ: Mapping[str, str], log: Path) -> Iterator[None]:
    """Starts a job process and stops it at the end of the block.

    Its output goes to `log`. Raises RuntimeError if the process has ended before.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "run-jobs"],
            cwd=ROOT,
            env=dict(environ),
            stdout=output,
            stderr=output,
        )
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the jobs ended: {log.read_text(encoding='utf-8')[-2000:]}")
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_of(pids: list[int]) -> dict[int, float]:
    """The seconds of processor time by process id; processes that have ended are left out."""
    found = {}
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            found[pid] = _seconds_of(psutil.Process(pid))
    return found


def _seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(encoding='utf-8')[-2000:]}")
        try:
            # Closed at once: an open connection would use up one of the server's connections.
            with _OPENER.open(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")
