"""What the measured programs run in: a database and settings made for the purpose."""

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
# What a process needs of the machine; everything else it gets from us.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


@contextmanager
def new_database_of(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of that kind; gone at the end."""
    if kind == SQLITE:
        yield f"sqlite:///{folder / 'sandan.db'}"
        return
    with new_database(f"sandan_bench_{uuid.uuid4().hex[:12]}") as url:
        yield url


def production(url: str, folder: Path, workers: int) -> dict[str, str]:
    """Settings as an operator makes them, with secrets of this run."""
    if (ROOT / ".env").exists():
        raise SystemExit("a .env lies beside config.py and would take part; move it away")
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
    """The real app in this process, with all tables."""
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
    """The whole environment of a process that has these settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | settings | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def about(kind: str) -> str:
    """Which database it is and how it keeps what is committed; asked in the app's context."""
    if kind == SQLITE:
        return f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL"
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    found = [f"{name} {session.scalar(sa.text(f'SHOW {name}'))}" for name in names]
    return f"PostgreSQL: {', '.join(found)}"
