"""Large exports: made by the timetable in batches, once, whoever is killed meanwhile."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.files.models import File
from app.intake.models import Export
from app.intake.service import exporting as service
from app.intake.storage import draft_folder
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import database_now, session
from app.kernel.http import App
from app.orders.ticket.models import Order
from app.people.models import RoleGrant
from tests.conftest import Clock, count
from tests.intake.conftest import Desk
from tests.intake.exports import (
    ask,
    fetch,
    files_in,
    look,
    many,
    refused,
    rows_of,
    run,
    without,
)
from tests.world import World

pytestmark = pytest.mark.usefixtures("store")


@pytest.mark.slow
def test_six_hundred_rows(app: App, world: World, desk: Desk, store: Path) -> None:
    """Waits for the job, which makes one file of them and leaves no draft behind."""
    many(world, 600, desk)
    export = ask(world)
    assert (export["state"], export["total"], export["done"]) == ("waiting", 600, 0)
    assert (export["url"], export["expires_at"]) == (None, None)
    assert run(app) == 1
    done = look(world, export["id"])
    assert (done["state"], done["total"], done["done"]) == ("done", 600, 600)
    found = rows_of(fetch(world, done))[1:]
    assert [row[0] for row in found] == list(range(1, 601))
    assert len({row[1] for row in found}) == 600
    assert run(app) == 0
    assert (count(File), len(files_in(store / "files"))) == (1, 1)
    assert files_in(store / "drafts") == []


@pytest.mark.slow
def test_killed_and_begun_anew(
    app: App, world: World, desk: Desk, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure after the first batch; nobody else takes it before its lease is over; one file."""
    monkeypatch.setattr(service, "AT_ONCE", 5)
    monkeypatch.setattr(service, "BATCH", 40)
    many(world, 120, desk)
    export = ask(world)
    write, calls = service._Writing.write, []

    def killed(self: Any, *args: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        write(self, *args)

    monkeypatch.setattr(service._Writing, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        run(app)
    halfway = look(world, export["id"])
    assert (halfway["state"], halfway["done"], halfway["url"]) == ("running", 80, None)
    assert count(File) == 0
    assert run(app) == 0, "the lease still runs"
    session.execute(update(Export).values(lease_until=database_now() - timedelta(seconds=1)))
    session.commit()
    assert run(app) == 1
    done = look(world, export["id"])
    assert (done["state"], done["done"]) == ("done", 120)
    assert len({row[1] for row in rows_of(fetch(world, done))[1:]}) == 120
    assert (count(File), len(files_in(store / "files"))) == (1, 1)


@pytest.mark.slow
def test_taken_over_while_at_work(
    app: App, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first comes back after a long pause: only the second ends it."""
    monkeypatch.setattr(service, "AT_ONCE", 5)
    monkeypatch.setattr(service, "BATCH", 60)
    many(world, 120, desk)
    export = ask(world)
    write, rounds, taken = service._Writing.write, [], []

    def paused(self: Any, *args: Any) -> None:
        write(self, *args)
        if not rounds:
            rounds.append(1)
            session.execute(
                update(Export).values(lease_until=database_now() - timedelta(seconds=1))
            )
            session.commit()
            taken.append(service._take())
            session.commit()

    monkeypatch.setattr(service._Writing, "write", paused)
    assert run(app) == 1
    assert (look(world, export["id"])["state"], count(File)) == ("running", 0)
    assert session.scalar(select(func.max(Export.fence))) == 2
    service._make(Actor.system("tests"), taken[0])
    assert (look(world, export["id"])["state"], count(File)) == ("done", 1)


@pytest.mark.slow
def test_the_rights_are_those_of_the_moment(
    app: App, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the owner may no longer see is not in the file; without the permission there is none."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    many(world, 100, desk)
    first, second = ask(world), ask(world)
    session.execute(update(Order).where(Order.id % 2 == 0).values(sensitive=True))
    session.commit()
    without("orders.see_sensitive", "dispatcher", monkeypatch)
    open_ones = session.scalar(select(func.count(Order.id)).where(Order.sensitive.is_(False)))
    run_one = partial(service.work_next, Actor.system("tests"))
    assert run_one() == 1
    done = look(world, first["id"])
    assert (done["state"], done["done"], done["total"]) == ("done", open_ones, open_ones)
    granted = RoleGrant.person_id == world.ids["dispatcher"]
    session.execute(update(RoleGrant).where(granted).values(until=now()))
    session.commit()
    assert run_one() == 1
    kept = session.get_one(Export, second["id"])
    assert (kept.state, kept.failure) == ("failed", "您没有导出工单的权限。")
    assert count(File) == 1


@pytest.mark.slow
def test_what_cannot_be_read_lets_the_others_pass(
    app: App, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails with a sentence, at once."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    many(world, 100, desk)
    first, second = ask(world), ask(world)
    session.get_one(Export, first["id"]).asked = "nothing of ours"
    session.commit()
    assert run(app) == 2
    shown = look(world, first["id"])
    assert (shown["state"], shown["message"]) == ("failed", "导出没有成功，请重新导出一次。")
    assert session.get_one(Export, first["id"]).fence == 1
    assert look(world, second["id"])["state"] == "done"


@pytest.mark.slow
def test_not_too_many_at_once(
    app: App, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three wait at most, and a dropped one is not made."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    many(world, 100, desk)
    first, *_ = [ask(world) for _ in range(3)]
    assert refused(world) == (409, "export.too_many_waiting")
    assert world.call("dispatcher", "DELETE", f"/exports/{first['id']}").status_code == 204
    ask(world)
    assert run(app) == 3


def test_a_killed_process_leaves_no_names(store: Path, world: World, clock: Clock) -> None:
    """What it was writing is swept away an hour later."""
    with draft_folder() as folder:
        (folder / "book").write_text("王小明", encoding="utf-8")
        clock.shift(1800)
        service.forget_exports(Actor.system("tests"))
        assert files_in(store / "drafts")
        clock.shift(4000)
        service.forget_exports(Actor.system("tests"))
        assert not files_in(store / "drafts")
