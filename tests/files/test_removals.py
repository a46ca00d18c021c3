"""Bytes that cannot be deleted: tried again later, given up at last, and sent again."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.files import jobs, service
from app.files.models import FileRemoval
from app.kernel.actor import Actor
from app.kernel.database import session, transaction
from app.kernel.queue import MAX_ATTEMPTS
from tests.files.conftest import keep, names_in


def test_what_cannot_be_deleted_is_tried_again(
    resident: Actor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And does not hold up the others."""
    failing, other = keep(resident), keep(resident)
    with transaction():
        service.delete_files([failing.id, other.id])
    unlink = Path.unlink

    def fail(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith(failing.name):
            raise OSError("disk")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)
    with transaction():
        assert service.work_off_removals() == 1
        assert service.work_off_removals() == 0, "its lease runs"
    assert removals() == [(failing.name, 1, False)]
    monkeypatch.undo()
    assert work_off_again() == 1
    assert names_in(folder) == []


def removals() -> list[tuple[str, int, bool]]:
    """What is still to be deleted: name, failed attempts, and whether it was given up."""
    asked = select(FileRemoval).execution_options(populate_existing=True)
    return [(row.name, row.attempts, row.is_given_up) for row in session.scalars(asked)]


def work_off_again() -> int:
    """The next round, when the lease of what has failed is over."""
    with transaction():
        session.execute(update(FileRemoval).values(lease_until=None))
        return jobs.work_off_removals()


def test_what_can_never_be_deleted_is_given_up(
    resident: Actor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator sees it, and sends it again."""
    file = keep(resident)
    with transaction():
        service.delete_files([file.id])

    def fail(path: Path, missing_ok: bool = False) -> None:
        raise OSError("disk")

    monkeypatch.setattr(Path, "unlink", fail)
    assert [work_off_again() for _ in range(MAX_ATTEMPTS + 1)] == [0] * (MAX_ATTEMPTS + 1)
    assert removals() == [(file.name, MAX_ATTEMPTS, True)]
    monkeypatch.undo()
    assert work_off_again() == 0
    with transaction():
        session.scalars(select(FileRemoval)).one().send_again()
    assert work_off_again() == 1
    assert (names_in(folder), removals()) == ([], [])
