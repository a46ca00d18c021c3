"""Web servers as `./run` starts them, and the processor time that they and the database take."""

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
# A connection that nobody answers for so long means that something is wrong.
_START = 60


def granian_options() -> list[str]:
    """The options that `./run` gives its web server, so that both are always the same."""
    script = (ROOT / "run").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"-m granian (.*) wsgi:app", script)
    if found is None:
        raise RuntimeError("run no longer starts granian")
    return found[1].split()


def capacity(workers: int) -> int:
    """How many connections such a server answers at once; granian leaves others waiting."""
    options = granian_options()
    return int(options[options.index("--backpressure") + 1]) * workers


@dataclass(slots=True)
class Server:
    """A web server under way."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu(self) -> float:
        """Seconds of processor time of all its processes so far."""
        main = psutil.Process(self.process.pid)
        return sum(map(_seconds_of, (main, *main.children(recursive=True))))


@contextmanager
def serving(target: str, environ: Mapping[str, str], workers: int, log: Path) -> Iterator[Server]:
    """Serves `MODULE:APP`; everything it says goes to the log, everything ends with the block."""
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
    """A process of the timetable until the end of the block; RuntimeError where it ended before."""
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
    """Seconds of processor time by process; those that are elsewhere or gone are left out."""
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
            # Closed at once: a connection that stays open keeps its place.
            with _OPENER.open(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")
