"""Where files lie while they are written: a folder a draft, gone with the draft."""

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
    """An empty folder, readable by the program's user alone, deleted with all in it at the end.

    A name of its own for each: whoever begins anew never writes where another may still be writing.
    """
    folder = _drafts() / secrets.token_hex(16)
    folder.mkdir(mode=0o700, parents=True)
    touch(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def touch(folder: Path) -> None:
    """Says that the draft is still being written; its age is counted in business time."""
    os.utime(folder, (now().timestamp(),) * 2)


def sweep_drafts(before: datetime) -> int:
    """Deletes what killed processes have left behind: drafts that nobody has touched since then."""
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
