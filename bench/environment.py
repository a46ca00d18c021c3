"""Makes the databases and the settings for the programs that are measured."""

import base64
import os
import secrets
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

import config
from app import create_app
from app.kernel.database import db, session
from app.kernel.http import App
from config import ROOT
from tests.postgres import new_database

POSTGRESQL, SQLITE = "postgresql", "sqlite"
# The variables of the environment that a process keeps; all other ones are set here.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


@contextmanager
def new_database_of(kind: str, folder: Path) -> Iterator[str]:
    """Gives the address of an empty database of this kind and removes the database at the end.

    A SQLite file lies in `folder` and goes with it.
    """
    if kind == SQLITE:
        yield f"sqlite:///{folder / 'sandan.db'}"
        return
    with new_database(f"sandan_bench_{uuid.uuid4().hex[:12]}") as url:
        yield url


def production(url: str, folder: Path, workers: int) -> dict[str, str]:
    """The settings of production as variables, with new secrets.

    Raises SystemExit if there is a `.env` file, because its settings would count too.
    """
    if (ROOT / ".env").exists():
        raise SystemExit("the file .env beside config.py would change the settings; move it away")
    return {
        "APP_ENV": "production",
        "DATABASE_URL": url,
        "DATA_DIR": str(folder),
        "SERVER_WORKERS": str(workers),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "BLIND_INDEX_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "WECHAT_MODE": "live",
        "WECHAT_APPID": "wx0000000000000000",
        "WECHAT_SECRET": secrets.token_hex(16),
        "WECHAT_PUSH_TOKEN": secrets.token_hex(8),
        "WECHAT_PUSH_AES_KEY": secrets.token_hex(22)[:43],
        "LOG_LEVEL": "INFO",
        "DEMO": "0",
    }


@contextmanager
def app_of(settings: dict[str, str]) -> Iterator[App]:
    """Gives the real app in this process, with all tables made; closes its connections at the end."""
    app = create_app(config.load(settings))
    with app.app_context():
        db.create_all()
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def of_process(settings: dict[str, str]) -> dict[str, str]:
    """The whole environment for a process with these settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | settings | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def about(kind: str) -> str:
    """The version of the database and how safely it stores commits; needs the app's context."""
    if kind == SQLITE:
        return f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL"
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    found = [f"{name} {session.scalar(sa.text(f'SHOW {name}'))}" for name in names]
    return f"PostgreSQL: {', '.join(found)}"
