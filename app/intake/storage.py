"""The folders on the disk in which files are written; each draft has a folder of its own."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from flask import current_app

from app.kernel.clock import now


def _drafts() -> Path:
    return Path(current_app.config["DATA_DIR"]) / "drafts"


@contextmanager
def draft_folder() -> Iterator[Path]:
    """Gives an empty folder that only the program's user can read; deletes it at the end.

    Each folder has a random name, so a process that begins a file again never writes into a folder
    in which another process may still be writing.
    """
    folder = _drafts() / secrets.token_hex(16)
    folder.mkdir(mode=0o700, parents=True)
    touch(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def touch(folder: Path) -> None:
    """Marks the draft as still being written: sets the time of the folder to the business time."""
    os.utime(folder, (now().timestamp(),) * 2)


def sweep_drafts(before: datetime) -> int:
    """Deletes drafts not touched since `before`, left by killed processes; returns how many."""
    gone = 0
    for folder in _drafts().glob("*"):
        try:
            left = folder.stat().st_mtime < before.timestamp()
        except FileNotFoundError:
            continue
        if left:
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
    return gone
