"""Rivals on one real database: one file is used once, limits hold, removals are shared out."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import create_app
from app.files import service
from app.files.models import File, FileRemoval
from app.files.reading import read_content
from app.files.states import OPEN_FILES
from app.kernel.actor import Actor
from app.kernel.database import db, session, transaction
from app.kernel.errors import Refusal
from app.kernel.http import App
from app.organisation import service as organisation
from app.people import service as people
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.files import samples
from tests.files.conftest import SYSTEM, keep, names_in

pytestmark = pytest.mark.races
RIVALS = 6


@pytest.fixture
def real_app(database: str, tmp_path: Path) -> Iterator[App]:
    """An app on a database of its own, where commits are commits."""
    if database == "sqlite":
        yield from _running(new_sqlite(tmp_path), tmp_path)
        return
    with postgres.new_database(f"sandan_files_{tmp_path.name[-24:].lower()}") as url:
        yield from _running(url, tmp_path)


def _running(url: str, folder: Path) -> Iterator[App]:
    app = create_app(settings_for(url, folder))
    with app.app_context():
        db.create_all()
        yield app
        session.remove()
        db.engine.dispose()


@pytest.fixture
def resident(real_app: App) -> Actor:
    """Someone whose unit lets three files wait."""
    with transaction():
        people.seed_roles(SYSTEM)
        unit = organisation.found_district(SYSTEM, "照片测试区")
        organisation.set_setting(SYSTEM, unit.id, key=OPEN_FILES.key, value=3)
        person = people.create_person(SYSTEM, name="王小明", home_unit_id=unit.id)
    return Actor(person.id, "王小明")


def at_once(app: App, verb: Callable[[int], object]) -> list[str]:
    """What became of each of the rivals: "" or the code of the refusal."""
    start = threading.Barrier(RIVALS)
    results: list[str] = []

    def run(number: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with transaction():
                    verb(number)
                results.append("")
            except Refusal as refusal:
                results.append(refusal.code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(RIVALS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_one_file_is_used_once(real_app: App, resident: Actor) -> None:
    """The others are told so."""
    file = keep(resident, samples.amr(1))
    results = at_once(real_app, lambda n: service.attach(resident, [file.id], ("order", n)))
    assert results == [""] + ["file.already_used"] * (RIVALS - 1)


def test_the_limit_holds(real_app: App, resident: Actor) -> None:
    """Three may wait, however many come at once."""
    content = read_content(samples.amr(1))
    results = at_once(real_app, lambda _: service.upload(resident, content))
    assert results == [""] * 3 + ["file.quota_exceeded"] * (RIVALS - 3)
    assert session.scalar(select(func.count()).select_from(File)) == 3


def test_removals_are_shared_out(real_app: App, resident: Actor, tmp_path: Path) -> None:
    """Several jobs at once delete everything, and none waits for or trips over another."""
    ids = [keep(resident, samples.amr(1)).id for _ in range(3)]
    with transaction():
        service.delete_files(ids)
    assert at_once(real_app, lambda _: service.work_off_removals()) == [""] * RIVALS
    assert session.scalar(select(func.count()).select_from(FileRemoval)) == 0
    assert names_in(tmp_path / "files") == []
