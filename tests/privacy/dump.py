"""A dump of all that is written down, and a search for what must not stand in it in clear."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from app.kernel.crypto import unseal
from app.kernel.database import db, is_sqlite, session, transaction
from app.kernel.http import App

# How tests.postgres names the folder of its own server, and how parts of its log are named here.
OWN_SERVER, LOG = "sandan-pg-", "pg_wal/"
SEALED = re.compile(r"\w{1,16}\.[\w-]{38,}={0,2}")
# JSON may write Chinese so, and whoever quotes it may double the backslash.
ESCAPES = re.compile(rb"(?:\\+u[0-9a-fA-F]{4})+")


def dump(app: App, folder: Path) -> dict[str, bytes]:
    """By name: the database as it lies on the disk, row by row, the logs, the stored files."""
    parts = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    with app.app_context():
        if is_sqlite():
            assert "sandan.db" in parts
        else:
            parts |= _postgresql(db.engine.url)
        parts["rows"] = "\n".join(_rows()).encode()
    return parts


def _rows() -> Iterator[str]:
    """Every value of every table; long ones are scattered over pages on the disk."""
    with transaction(writing=False):
        for table in db.metadata.sorted_tables:
            columns = [sa.type_coerce(column, sa.Text) for column in table.columns]
            for row in session.execute(sa.select(*columns)):
                yield f"{table.name}: {tuple(row)}"


def _postgresql(url: sa.URL) -> dict[str, bytes]:
    parts = {"pg_dump": _pg_dump(url)}
    with transaction(writing=False):
        named = "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
        data = Path(str(session.scalar(sa.text(named))))
        if OWN_SERVER in str(data):
            session.execute(sa.text("SELECT pg_switch_wal()"))
    if OWN_SERVER not in str(data):
        sys.stderr.write(
            "NOT LOOKED AT: the write-ahead log, for the server is not the tests' own\n"
        )
        return parts
    segments = (path for path in (data / "pg_wal").iterdir() if path.is_file())
    return parts | {f"{LOG}{path.name}": path.read_bytes() for path in segments}


def _pg_dump(url: sa.URL) -> bytes:
    """What an operator's backup holds; by COPY where there is no pg_dump for this server."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    program = shutil.which("pg_dump")
    if program:
        done = subprocess.run([program, plain], capture_output=True, check=False)
        if done.returncode == 0:
            return done.stdout
    sys.stderr.write("no pg_dump for this server: COPY of every table instead\n")
    found = b""
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        for table in db.metadata.sorted_tables:
            with cursor.copy(f'COPY "{table.name}" TO STDOUT') as rows:
                found += b"".join(bytes(row) for row in rows)
    return found


def leaks(secrets: Iterable[str], parts: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Which secrets stand where, in UTF-8 or as JSON escapes."""
    clear = {name: content + b"\n" + _unescaped(content) for name, content in parts.items()}
    return [
        (secret, name)
        for secret in secrets
        for name, content in clear.items()
        if secret.encode() in content
    ]


def _unescaped(content: bytes) -> bytes:
    """The runs of escapes alone, read."""
    return b"\n".join(_read(run) for run in ESCAPES.findall(content))


def _read(run: bytes) -> bytes:
    codes = [int(code, 16) for code in re.findall(rb"[0-9a-fA-F]{4}", run)]
    text = b"".join(code.to_bytes(2, "big") for code in codes)
    return text.decode("utf-16-be", errors="replace").encode()


def opened() -> dict[str, set[str]]:
    """Everything that is sealed, in clear, by table and column; fails where a seal is not opened."""
    found: dict[str, set[str]] = {}
    with transaction(writing=False):
        for table in db.metadata.sorted_tables:
            for row in session.execute(sa.select(table)).mappings():
                for column, value in row.items():
                    if isinstance(value, str) and SEALED.fullmatch(value):
                        name = f"{table.name}.{column}"
                        ids = [row[key.name] for key in table.primary_key] + [row.get("person_id")]
                        found.setdefault(name, set()).add(_open(name, value, ids))
    return found


def _open(name: str, sealed: str, ids: Iterable[object]) -> str:
    for known in ids:
        try:
            return unseal(sealed, f"{name}:{known}")
        except (InvalidTag, KeyError):
            continue
    raise AssertionError(f"{name} is sealed to something unknown")
