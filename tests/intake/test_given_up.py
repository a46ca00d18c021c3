"""Exports and imports that fail: tried again later, given up at last, and sent again."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.files.models import File
from app.intake import jobs
from app.intake.models import Export, Import, ImportRow
from app.intake.service import exporting, uploading
from app.kernel.actor import Actor
from app.kernel.database import database_now, session, transaction
from app.kernel.queue import MAX_ATTEMPTS
from app.notifications.service import retry_given_up
from app.orders.ticket.models import Order
from tests.conftest import Clock, count
from tests.intake.conftest import Desk
from tests.intake.exports import ask, fetch, look, many, rows_of
from tests.intake.invented import LEDGER, as_excel, ledger_row
from tests.orders.days import Day
from tests.world import World

SYSTEM = Actor.system("tests")


def end_lease(model: type[Export] | type[Import]) -> None:
    """As if enough time had passed."""
    session.execute(update(model).values(lease_until=database_now() - timedelta(seconds=1)))
    session.commit()


def send_again(kind: str, row_id: int) -> None:
    """As an administrator does it."""
    retry_given_up(SYSTEM, kind, str(row_id))
    session.commit()


@pytest.fixture
def exports(
    world: World, desk: Desk, store: object, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """Two that wait for the timetable."""
    assert store
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    many(world, 100, desk)
    return [ask(world), ask(world)]


def make() -> int:
    """One export of the timetable, if any waits."""
    return exporting.work_next(SYSTEM)


def kept(export: dict[str, Any]) -> Export:
    """The row as it is now."""
    return session.get_one(Export, export["id"], populate_existing=True)


def breaking(monkeypatch: pytest.MonkeyPatch, broken: BaseException) -> Callable[[], None]:
    """Every file fails while it is written, until what comes back is called."""
    write = exporting._Writing.write

    def fail(*_: Any) -> None:
        raise broken

    monkeypatch.setattr(exporting._Writing, "write", fail)
    return lambda: monkeypatch.setattr(exporting._Writing, "write", write)


def test_a_failing_export_waits_and_lets_the_others_pass(
    world: World, exports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner sees that it still waits; when its lease is over it is made."""
    first, second = exports
    mend = breaking(monkeypatch, OSError("disk"))
    assert make() == 1
    mend()
    row = kept(first)
    assert (row.state, row.attempts, row.last_error) == ("waiting", 1, "OSError")
    assert (make(), make()) == (1, 0)
    assert look(world, second["id"])["state"] == "done"
    assert look(world, first["id"])["state"] == "waiting"
    end_lease(Export)
    assert make() == 1
    assert look(world, first["id"])["state"] == "done"


def test_an_export_is_given_up_and_sent_again(
    world: World, exports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner reads that there is no file; sent again, there is one."""
    first, _ = exports
    session.delete(kept(exports[1]))
    session.commit()
    mend = breaking(monkeypatch, OSError("disk"))
    for _attempt in range(MAX_ATTEMPTS):
        assert make() == 1
        end_lease(Export)
    assert make() == 0
    shown = look(world, first["id"])
    assert (shown["state"], shown["message"]) == (
        "failed",
        "导出几次都没有成功，请缩小范围再试。",
    )
    row = kept(first)
    assert (row.is_given_up, row.attempts, row.last_error) == (True, MAX_ATTEMPTS, "OSError")
    mend()
    send_again("export", first["id"])
    shown = look(world, first["id"])
    assert (shown["state"], shown["message"]) == ("waiting", None)
    assert make() == 1
    done = look(world, first["id"])
    assert (done["state"], done["done"]) == ("done", 100)
    assert len(rows_of(fetch(world, done))) == 101
    assert count(File) == 1


def test_what_kills_each_process_is_given_up(
    world: World, exports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody notes a failure, the lease runs out; the other export is made in the same call."""
    first, second = exports
    mend = breaking(monkeypatch, KeyboardInterrupt())
    for _attempt in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            make()
        assert kept(first).state == "running"
        end_lease(Export)
    mend()
    assert make() == 1
    row = kept(first)
    assert (row.state, row.is_given_up, row.last_error) == ("failed", True, "ProcessDied")
    assert kept(second).state == "done"
    send_again("export", first["id"])
    fence = kept(first).fence
    assert make() == 1
    assert (kept(first).state, kept(first).fence) == ("done", fence + 1)
    assert look(world, first["id"])["done"] == 100


def test_a_refused_export_is_not_sent_again(
    exports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner was told why; one that cannot be read is an administrator's affair, at once."""
    first, second = exports
    session.get_one(Export, second["id"]).asked = "nothing of ours"
    session.commit()
    monkeypatch.setattr(exporting, "MOST_EXPORTED", 50)
    assert (make(), make(), make()) == (1, 1, 0)
    refused, unreadable = kept(first), kept(second)
    assert (refused.state, refused.is_given_up) == ("failed", False)
    assert refused.failure is not None
    assert "请缩小范围" in refused.failure
    assert (unreadable.state, unreadable.is_given_up, unreadable.attempts) == ("failed", True, 0)


def applied(desk: Desk, numbers: range) -> int:
    """An upload that waits to be entered; its id."""
    content = as_excel([ledger_row(number) for number in numbers], LEDGER)
    data = {
        "unit_id": str(desk.world.community.id),
        "file": (io.BytesIO(content), "台账.xlsx"),
    }
    headers = desk.world.login("dispatcher")
    answer = desk.app.test_client().post("/api/v1/imports", data=data, headers=headers)
    assert answer.status_code == 201, answer.json
    import_id = int((answer.json or {})["id"])
    assert desk.world.post("dispatcher", f"/imports/{import_id}/apply").status_code == 200
    return import_id


def enter() -> list[int]:
    """The job until it finds nothing more: what each call has answered."""
    answers = []
    while not answers or answers[-1]:
        with transaction():
            answers.append(jobs.apply_imports())
    return answers


def upload(import_id: int) -> Import:
    """The row as it is now."""
    return session.get_one(Import, import_id, populate_existing=True)


def without_mapping(name: str) -> Any:
    """The machine cannot read the mapping's file just now."""
    raise OSError(name)


def test_a_failing_import_waits_and_lets_the_others_pass(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the failed batch is kept; when its lease is over it goes on."""
    first, second = applied(desk, range(1, 4)), applied(desk, range(4, 6))
    enter_lines = uploading.enter_lines

    def fail_after_the_first(actor: Any, mapping: Any, *rest: Any) -> Any:
        entered = enter_lines(actor, mapping, *rest)
        if entered.added == 3:
            raise OSError("disk")
        return entered

    monkeypatch.setattr(uploading, "enter_lines", fail_after_the_first)
    assert enter() == [1, 2, 0]
    assert (upload(first).state, upload(second).state, count(Order)) == ("applying", "done", 2)
    row = upload(first)
    assert (row.attempts, row.last_error, row.added) == (1, "OSError", 0)
    monkeypatch.undo()
    assert enter() == [0], "its lease runs"
    end_lease(Import)
    assert enter() == [3, 0]
    assert (upload(first).state, upload(first).added, count(Order)) == ("done", 3, 5)


def test_an_import_is_given_up_and_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever uploaded it reads so; sent again, it goes on where it was."""
    import_id = applied(desk, range(1, 4))
    monkeypatch.setattr(uploading, "shipped_mapping", without_mapping)
    for _attempt in range(MAX_ATTEMPTS):
        assert enter() == [1, 0]
        end_lease(Import)
    assert enter() == [0]
    row = upload(import_id)
    assert (row.state, row.is_given_up, row.last_error) == ("failed", True, "OSError")
    shown = desk.world.get("dispatcher", f"/imports/{import_id}").json or {}
    assert (shown["state"], shown["added"]) == ("failed", 0)
    monkeypatch.undo()
    send_again("import", import_id)
    assert enter() == [3, 0]
    assert (upload(import_id).state, count(Order)) == ("done", 3)


def test_without_its_rows_it_is_nobodys_affair_any_more(desk: Desk, clock: Clock) -> None:
    """A day later what was given up is gone, and no page names it."""
    day = Day(clock)
    import_id = applied(desk, range(1, 4))
    session.execute(update(ImportRow).values(cells="nothing of ours"))
    session.commit()
    assert enter() == [1, 0]
    row = upload(import_id)
    assert (row.is_given_up, row.attempts) == (True, 0)
    day.go(hours=25)
    with transaction():
        jobs.forget_imports()
    assert (count(ImportRow), upload(import_id).is_given_up) == (0, False)
