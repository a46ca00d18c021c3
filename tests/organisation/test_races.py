"""Rivals on a real database: one name, one version, one tree."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from app.kernel.database import db, session, transaction
from app.kernel.errors import Refusal, Stale
from app.kernel.http import App
from app.organisation import queries, service
from app.organisation.geometry import CoordinateSystem
from app.organisation.models import Place, Unit
from app.organisation.service.storing import VersionCheck
from app.organisation.states import PlaceKind, UnitKind
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.organisation.conftest import SYSTEM, Spot, spot, square, unit

pytestmark = pytest.mark.races


@pytest.fixture(scope="module")
def rivals_app(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app on a database of its own, where commits are real."""
    folder = tmp_path_factory.mktemp("rivals")
    if database == "sqlite":
        yield from _app(new_sqlite(folder), folder)
        return
    with postgres.new_database(f"sandan_test_{uuid.uuid4().hex[:12]}") as url:
        yield from _app(url, folder)


def _app(url: str, folder: Path) -> Iterator[App]:
    app = create_app(settings_for(url, folder))
    app.extensions["listeners"] = {}
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def streets(rivals_app: App) -> list[Spot]:
    """Two streets of a district of their own; the first has a community."""
    with rivals_app.app_context(), transaction():
        district = spot(service.found_district(SYSTEM, f"区{uuid.uuid4().hex[:8]}"))
        found = [unit(UnitKind.STREET, name, district) for name in ("一街", "二街")]
        return [*found, unit(UnitKind.COMMUNITY, "甲社区", found[0])]


def race(app: App, verbs: list[Callable[[], object]]) -> list[str]:
    """Runs each verb in its own thread and transaction; "" for those that won, else the code."""
    start = threading.Barrier(len(verbs))
    outcomes: list[str] = []

    def run(verb: Callable[[], object]) -> None:
        start.wait()
        try:
            with app.app_context(), transaction():
                verb()
            outcomes.append("")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def test_of_rivals_for_a_name_one_wins(rivals_app: App, streets: list[Spot]) -> None:
    """By the constraint, not by a look first."""
    community = streets[2]
    found = race(rivals_app, [lambda: unit(UnitKind.GRID, "第1网格", community)] * 4)
    assert found == ["", *["unit.name_taken"] * 3]
    estates: list[Callable[[], object]] = [
        lambda: service.create_place(
            SYSTEM, kind=PlaceKind.ESTATE, name="幸福小区", unit_id=community.id
        )
    ] * 4
    assert race(rivals_app, estates) == ["", *["place.name_taken"] * 3]


def test_of_rivals_with_one_version_one_wins(rivals_app: App, streets: list[Spot]) -> None:
    """Nobody overwrites what he or she has not seen."""

    def still(read: int) -> VersionCheck:
        def check(version: int) -> None:
            if version != read:
                raise Stale("version.stale", "内容已被别人修改。")

        return check

    def rename(name: str) -> object:
        return service.change_unit(SYSTEM, streets[2].id, name=name, unchanged=still(1))

    verbs: list[Callable[[], object]] = [
        lambda: rename("甲一"),
        lambda: rename("甲二"),
        lambda: rename("甲三"),
    ]
    assert race(rivals_app, verbs) == ["", "version.stale", "version.stale"]


def test_what_is_added_during_a_move_moves_along(rivals_app: App, streets: list[Spot]) -> None:
    """The mover meets a child that is not committed yet; every path is right afterwards."""
    _, second, community = streets
    with rivals_app.app_context(), transaction():
        grid = unit(UnitKind.GRID, "第1网格", community)
    added = threading.Event()

    def add() -> None:
        unit(UnitKind.BUILDING_GROUP, "1号楼组", grid)
        added.set()
        time.sleep(0.3)

    def move() -> None:
        added.wait(timeout=60)
        service.change_unit(SYSTEM, community.id, name="甲社区", parent_id=second.id)

    # SQLite has one writer: whoever waits for another must not be it.
    if rivals_app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        added.set()
    assert race(rivals_app, [add, move]) == ["", ""]
    with rivals_app.app_context(), transaction(writing=False):
        rows = list(session.scalars(select(Unit)))
        paths = {row.id: row.path for row in rows}
        for row in rows:
            above = paths[row.parent_id] if row.parent_id else "/"
            assert row.path == f"{above}{row.id}/"


def test_places_change_hands_while_rivals_add(rivals_app: App, streets: list[Spot]) -> None:
    """No open place is left to a closed unit."""
    community = streets[2]
    with rivals_app.app_context(), transaction():
        old, new = (unit(UnitKind.GRID, name, community) for name in ("旧网格", "新网格"))
    outcomes = race(
        rivals_app,
        [
            lambda: service.close_unit(SYSTEM, old.id, successor_unit_id=new.id),
            *[
                lambda name=name: service.create_place(
                    SYSTEM, kind=PlaceKind.ESTATE, name=name, unit_id=old.id
                )
                for name in ("甲小区", "乙小区", "丙小区")
            ],
        ],
    )
    assert set(outcomes) <= {"", "unit.closed"}
    with rivals_app.app_context(), transaction(writing=False):
        left = select(Place).join(Unit, Unit.id == Place.unit_id)
        assert not session.scalars(left.where(Unit.closed_at.is_not(None))).all()


def test_an_edit_is_seen_by_the_next_question(rivals_app: App, streets: list[Spot]) -> None:
    """Before the commit by nobody else, after it by everybody."""

    def asked() -> bool:
        found: list[bool] = []

        def ask() -> None:
            with rivals_app.app_context(), transaction(writing=False):
                found.append(queries.locate(40.5, 110.5) is not None)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(timeout=60)
        return found[0]

    assert not asked()
    with rivals_app.app_context(), transaction():
        service.set_area(SYSTEM, streets[2].id, square(110, 40, 1), CoordinateSystem.GCJ02)
        assert queries.locate(40.5, 110.5) is not None
        assert not asked()
    assert asked()
