"""The folder: names, modes, whole files or none."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from app.files.states import Variant
from app.files.storage import LocalStorage, new_name, stored_name
from app.kernel.clock import now
from tests.conftest import Clock


@pytest.fixture
def storage(folder: Path) -> LocalStorage:
    """A folder that is not there yet."""
    return LocalStorage(folder)


def test_round_trip(storage: LocalStorage, folder: Path) -> None:
    """Kept under two levels of folders, for the program's eyes alone."""
    name = new_name()
    storage.put(name, b"content")
    assert storage.read(name) == b"content"
    path = folder / name[:2] / name[2:4] / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for parent in (path.parent, path.parent.parent, folder):
        assert stat.S_IMODE(parent.stat().st_mode) == 0o700
    storage.delete(name)
    storage.delete(name)
    assert storage.read(name) is None


def test_names_say_nothing() -> None:
    """128 random bits, no two alike; a form's name begins with the file's."""
    names = {new_name() for _ in range(1000)}
    assert len(names) == 1000
    assert {len(name) for name in names} == {32}
    assert stored_name("a" * 32, Variant.SMALL) == "a" * 32 + ".small"
    assert stored_name("a" * 32, Variant.FULL) == "a" * 32


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 31, "A" * 32, "a" * 32 + "/b"])
def test_no_other_names(storage: LocalStorage, name: str) -> None:
    """Nothing outside the folder can be named."""
    for use in (storage.read, storage.delete):
        with pytest.raises(ValueError, match="not a name"):
            use(name)
    with pytest.raises(ValueError, match="not a name"):
        storage.put(name, b"")


def test_crash_while_writing(
    storage: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file appears whole or not at all; the remains are found when they are old."""

    def crash(_: int) -> None:
        raise OSError("no space left")

    name = new_name()
    monkeypatch.setattr(os, "fsync", crash)
    folder.mkdir()
    (folder / name[:2] / name[2:4]).mkdir(parents=True)
    with pytest.raises(OSError, match="no space"):
        storage.put(name, b"half")
    monkeypatch.undo()
    assert storage.read(name) is None
    (left,) = storage.older_than(now() + timedelta(seconds=5))
    assert left.startswith(name)
    assert left.endswith(".part")
    storage.delete(left)
    assert list(storage.older_than(now() + timedelta(days=1))) == []


def test_older_than(storage: LocalStorage, folder: Path, clock: Clock) -> None:
    """Ages are in business time; foreign files in the folder are not ours to delete."""
    clock.set("2026-03-01T09:00:00+08:00")
    old = new_name()
    storage.put(old, b"old")
    clock.set("2026-03-02T09:00:01+08:00")
    storage.put(new_name(), b"new")
    (folder / old[:2] / old[2:4] / "README").write_text("foreign")
    os.utime(folder / old[:2] / old[2:4] / "README", (0, 0))
    assert list(storage.older_than(now() - timedelta(days=1))) == [old]
    assert list(LocalStorage(folder / "missing").older_than(now())) == []
