"""A real server with real processes on a real database, peopled with the small district."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flask_migrate
import psutil

from app import create_app
from app.identity.service import open_session
from app.identity.states import Channel
from app.kernel.database import db, transaction
from app.kernel.http import App
from tests.world import SYSTEM, World, build_world

ROOT = Path(__file__).resolve().parent.parent
STARTUP = Path(__file__).resolve().parent / "startup"
# The tests never reach through a proxy of the machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Reply:
    """What the server answered."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The dotted code of a refusal, "" for a success."""
        return str(self.body.get("code", ""))


@dataclass
class Running:
    """A server under way."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: Any = None,
        key: str | None = None,
    ) -> Reply:
        """One request over a connection of its own."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  # our own address
            f"{self.address}/api/v1{path}", data=data, headers=headers, method=method
        )
        try:
            with _OPENER.open(request, timeout=120) as answer:
                return Reply(answer.status, _parsed(answer.read()))
        except urllib.error.HTTPError as refused:
            with refused:
                return Reply(refused.code, _parsed(refused.read()))


@dataclass
class Server(Running):
    """A server with the small district in its database, and the app to look inside."""

    app: App
    world: World

    def token(self, who: int) -> str:
        """A new access token of a person."""
        with self.app.app_context(), transaction():
            return open_session(SYSTEM, who, Channel.PASSWORD).access_token


def _parsed(raw: bytes) -> dict[str, Any]:
    return dict(json.loads(raw)) if raw else {}


def kill_family(process: subprocess.Popen[bytes]) -> None:
    """With -9, its children too, as a power cut does it; one that has ended already is let be."""
    try:
        parent = psutil.Process(process.pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=20)
    process.wait()


def free_port() -> int:
    """A port nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(settings: dict[str, Any], folder: Path, *, workers: int) -> Iterator[Server]:
    """Serves the small district from the database of `settings`; stops everything at the end."""
    app = migrated(settings)
    with app.app_context():
        world = build_world()
    try:
        with running(settings, folder / "server.log", workers=workers) as found:
            yield Server(found.address, found.process, found.log, app, world)
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def migrated(settings: dict[str, Any]) -> App:
    """An app on the database of `settings`, brought to the newest schema."""
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade(str(ROOT / "migrations"))
    return app


def start(
    settings: dict[str, Any], log: Path, port: int, *, workers: int
) -> subprocess.Popen[bytes]:
    """A server that begins to listen there; its words are added to the log."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--no-ws", "--workers", str(workers)]
    # A worker that is told to stop while it loads does not hear it.
    command += ["--workers-kill-timeout", "2"]
    command += ["--blocking-threads", "4", "--backpressure", "512", "wsgi:app"]
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=ROOT, env=environ(settings), stdout=output, stderr=output
        )


@contextmanager
def running(settings: dict[str, Any], log: Path, *, workers: int = 1) -> Iterator[Running]:
    """A server of that many processes on a database that is ready; stopped at the end."""
    port = free_port()
    process = start(settings, log, port, workers=workers)
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address, process, log)
        yield Running(address, process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environ(settings: dict[str, Any]) -> dict[str, str]:
    """What a process of the program reads, so that it has the same settings as the test."""
    secret = ("SECRET_KEY", "FIELD_KEYS", "FIELD_KEY_ID", "BLIND_INDEX_KEY")
    given = {name: str(settings[name]) for name in (*secret, "DATA_DIR", "CLOCK_FILE", "LOG_LEVEL")}
    given |= {"APP_ENV": "testing", "DATABASE_URL": str(settings["SQLALCHEMY_DATABASE_URI"])}
    names = ("PATH", "HOME", "LANG", "PYTHONPYCACHEPREFIX")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | given | {"FLASK_APP": "wsgi", "PYTHONPATH": f"{ROOT}{os.pathsep}{STARTUP}"}


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(encoding='utf-8')[-2000:]}")
        try:
            with _OPENER.open(f"{address}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")
