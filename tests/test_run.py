"""`./run`: what it starts it also ends, whatever happens; the program itself is a stand-in here."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

import config
from app.kernel.http import App
from tests.conftest import settings_for
from tests.serving import running

STAND_IN = """
import pathlib, subprocess, sys, time
import click
from flask import Flask
import config

def create_app():
    app = Flask("stand_in")
    app.config.update(config.load())
    data = pathlib.Path(app.config["DATA_DIR"])
    app.add_url_rule("/healthz", view_func=lambda: "fine", endpoint="healthz")

    @app.cli.group()
    def db(): ...

    @db.command()
    def upgrade():
        (data / "upgraded").touch()

    @app.cli.command()
    @click.option("--once", is_flag=True)
    def demo(once):
        with (data / "demo").open("a") as file:
            file.write("asked\\n")

    @app.cli.command("run-jobs")
    def run_jobs():
        child = "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); time.sleep(600)"
        if (data / "stubborn").exists():
            subprocess.Popen([sys.executable, "-c", child])
        time.sleep(600)

    return app
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone whose path has a space, with the real scripts and settings and a stand-in program."""
    folder = tmp_path / "san dan"
    (folder / "app").mkdir(parents=True)
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("run", "setup.sh", "config.py", "wsgi.py", "requirements.txt"):
        shutil.copy(config.ROOT / name, folder)
    (folder / "app" / "__init__.py").write_text(textwrap.dedent(STAND_IN), encoding="utf-8")
    python = folder / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    installed = "\n".join([f"Python {sys.version.split()[0]}", *[requirements(folder)] * 2])
    (folder / ".venv" / "installed-requirements.txt").write_text(installed, encoding="utf-8")
    return folder


def requirements(folder: Path) -> str:
    """What is pinned, without the last end of line."""
    return (folder / "requirements.txt").read_text(encoding="utf-8").rstrip("\n")


def heed_signals() -> None:
    """Whoever runs the tests in the background has Ctrl-C ignored, and a shell keeps that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Run:
    """One `./run`, called from elsewhere."""

    def __init__(self, project: Path, least: int = 3, **environ: str) -> None:
        self.least = least
        self.port = int(environ.get("PORT") or free_port())
        self.log = project.parent / f"log-{self.port}"
        clean = {k: v for k, v in os.environ.items() if k not in config.NAMES}
        with self.log.open("wb") as log:
            self.process = psutil.Popen(
                [str(project / "run")],
                cwd="/",
                env=clean | {"PORT": str(self.port), "DEMO": "0"} | environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=heed_signals,
            )
        self.family: list[psutil.Process] = []

    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8")

    def until_it_serves(self) -> "Run":
        """Waits for its last words, and notes all its processes."""
        deadline = time.monotonic() + 120
        while "/api/docs" not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)
        # Web server, its worker and jobs; and the jobs' child, where there is one.
        while len(self.family) < self.least:
            assert time.monotonic() < deadline, self.text()
            found = self.process.children(recursive=True)
            self.family = [process for process in found if process.name() != "sleep"]
        return self

    def part(self, word: str) -> psutil.Process:
        """The process with that word in its command."""
        return next(p for p in self.family if word in p.cmdline())

    def ends(self) -> int:
        """Its exit code; nothing that it had started is left by then."""
        code = int(self.process.wait(timeout=120))
        deadline = time.monotonic() + 2
        while any(map(is_alive, self.family)):
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)
        return code


def is_alive(process: psutil.Process) -> bool:
    """Whether it still does anything; whom nobody has buried yet counts as dead."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(autouse=True)
def nothing_left(project: Path) -> Iterator[None]:
    """Whatever a failed test leaves is ended by its folder's name."""
    yield
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(project)):
                process.kill()
        except psutil.Error:
            continue


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(project: Path, by: signal.Signals) -> None:
    """Ctrl-C, a service manager, a closed terminal."""
    run = Run(project).until_it_serves()
    run.process.send_signal(by)
    assert run.ends() == 0
    assert (project / "var" / "upgraded").exists()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["granian", "run-jobs"])
def test_one_does_not_live_without_the_other(project: Path, part: str) -> None:
    """When one of the two dies the other ends too, and the exit code says so."""
    run = Run(project).until_it_serves()
    run.part(part).kill()
    assert run.ends() != 0
    assert "意外停止" in run.text()


@pytest.mark.slow
def test_children_that_do_not_listen_are_ended_too(project: Path) -> None:
    """Ten seconds of politeness, then the hard way."""
    (project / "var").mkdir()
    (project / "var" / "stubborn").touch()
    run = Run(project, least=4).until_it_serves()
    assert any("SIG_IGN" in "".join(process.cmdline()) for process in run.family)
    run.process.terminate()
    assert run.ends() == 0


@pytest.mark.slow
def test_demo_data_unless_it_is_declined_and_secrets_stay(project: Path) -> None:
    """Two starts have the same secrets; without DEMO=0 the demo data is asked for at each."""
    secrets = project / "var" / "secrets.env"
    kept = []
    for _ in range(2):
        run = Run(project, DEMO="1").until_it_serves()
        kept.append(secrets.read_text(encoding="utf-8"))
        run.process.terminate()
        assert run.ends() == 0
    assert kept[0] == kept[1]
    asked = (project / "var" / "demo").read_text(encoding="utf-8")
    assert asked == "asked\n" * 2
    assert "安装" not in run.text()


def test_a_taken_port_is_said_before_anything_starts(project: Path) -> None:
    """With the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = Run(project, PORT=str(taken.getsockname()[1]))
        assert run.ends() == 1
    assert "PORT=" in run.text()
    assert not (project / "var" / "upgraded").exists()


@pytest.mark.slow
def test_idle_connections_keep_nobody_out(
    database_url: str, tmp_path: Path, whole_app: App
) -> None:
    """Browsers hold theirs open: thirty of them, and the next visitor is answered."""
    log = tmp_path / "server.log"
    with running(settings_for(database_url, tmp_path), log) as server, ExitStack() as ends:
        host = server.address.removeprefix("http://")
        for _ in range(31):
            connection = HTTPConnection(host, timeout=10)
            ends.callback(connection.close)
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200


def test_bad_settings_are_said_before_anything_starts(project: Path) -> None:
    """In the words of config.py."""
    run = Run(project, SERVER_WORKERS="many", LOG_LEVEL="loud")
    assert run.ends() == 1
    assert "SERVER_WORKERS：" in run.text()
    assert "LOG_LEVEL：" in run.text()
    assert not (project / "var" / "upgraded").exists()
