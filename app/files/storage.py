"""Stores the bytes of files: an interface, and its implementation as a folder on the disk."""

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
    """A random name of 32 hexadecimal digits."""
    return secrets.token_hex(BASE_LENGTH // 2)


def stored_name(name: str, variant: Variant) -> str:
    """The name under which a stored form lies; it begins with the name of the file."""
    return name if variant is Variant.FULL else f"{name}.{variant}"


class Storage(Protocol):
    """Stores bytes under names. The bytes of a name are written once and never changed."""

    def put(self, name: str, content: bytes) -> None:
        """Stores the content. After this has returned, the content survives a power cut."""

    def read(self, name: str) -> bytes | None:
        """The content under a name; None where there is none."""

    def delete(self, name: str) -> None:
        """Deletes the content under a name; it is no error if there is none."""

    def older_than(self, moment: datetime) -> Iterator[str]:
        """The names that were stored before the moment, in no order; unfinished ones too."""


def storage() -> Storage:
    """The storage in app.extensions["storage"], or else the folder DATA_DIR/files."""
    given: Storage | None = current_app.extensions.get("storage")
    return given or LocalStorage(Path(current_app.config["DATA_DIR"]) / "files")


class LocalStorage:
    """A storage in folders `folder/ab/cd/`, which only the user of the program can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, content: bytes) -> None:
        """Writes under a temporary name and then renames, so that no half file has the name."""
        target = self._path(name)
        self._make(target.parent)
        draft = self._path(f"{name}.{secrets.token_hex(4)}.part")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        # `older_than` compares with the business time, which tests move.
        os.utime(draft, (now().timestamp(),) * 2)
        draft.replace(target)
        _sync(target.parent)

    def read(self, name: str) -> bytes | None:
        """The whole content, a few megabytes at most; None where there is none."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Deletes the file of that name and leaves its folder."""
        self._path(name).unlink(missing_ok=True)

    def older_than(self, moment: datetime) -> Iterator[str]:
        """The names that were stored before the moment; other files in the folder are left out."""
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
    """Makes sure that the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
