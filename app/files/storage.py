"""Where the bytes lie: a small interface, and a folder on the disk behind it."""

import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from flask import current_app

from app.files.states import Variant
from app.kernel.clock import now

_NAME = re.compile(r"[0-9a-f]{32}(?:\.small)?(?:\.[0-9a-f]{8}\.part)?")
BASE_LENGTH = 32


def new_name() -> str:
    """A random name, in letters that every file system keeps apart."""
    return secrets.token_hex(BASE_LENGTH // 2)


def stored_name(name: str, variant: Variant) -> str:
    """The name of one of a file's stored forms; the file's own name is its beginning."""
    return name if variant is Variant.FULL else f"{name}.{variant}"


class Storage(Protocol):
    """Keeps bytes under names; a name is written once and never changed."""

    def put(self, name: str, content: bytes) -> None:
        """Keeps the content; when this returns it outlives a power cut."""

    def read(self, name: str) -> bytes | None:
        """The content, or None where nothing has the name."""

    def delete(self, name: str) -> None:
        """Deletes; a name that nothing has is no error."""

    def older_than(self, moment: datetime) -> Iterator[str]:
        """All names that were put before the moment, unfinished ones too, in no order."""


def storage() -> Storage:
    """The app's storage: the one it was given, else the folder DATA_DIR/files."""
    given: Storage | None = current_app.extensions.get("storage")
    return given or LocalStorage(Path(current_app.config["DATA_DIR"]) / "files")


class LocalStorage:
    """Files in folder/ab/cd/, readable by the program's user alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, content: bytes) -> None:
        """Writes under a temporary name and renames, so that a file is whole or not there."""
        target = self._path(name)
        self._make(target.parent)
        draft = self._path(f"{name}.{secrets.token_hex(4)}.part")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        # The age of a file is counted in business time, like everything else.
        os.utime(draft, (now().timestamp(),) * 2)
        draft.replace(target)
        _sync(target.parent)

    def read(self, name: str) -> bytes | None:
        """The whole content; files are a few megabytes at most."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Deletes one file; folders stay."""
        self._path(name).unlink(missing_ok=True)

    def older_than(self, moment: datetime) -> Iterator[str]:
        """Walks the folders; what does not look like one of our files is left alone."""
        before = moment.timestamp()
        for path in self.folder.glob("??/??/*"):
            if not _NAME.fullmatch(path.name):
                continue
            try:
                is_old = path.lstat().st_mtime < before
            except FileNotFoundError:
                continue
            if is_old:
                yield path.name

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("not a name of a file")
        return self.folder / name[:2] / name[2:4] / name

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        for step in (self.folder, folder.parent, folder):
            step.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(step.parent)


def _sync(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
