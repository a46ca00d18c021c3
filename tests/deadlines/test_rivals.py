"""Rivals on a real database: of those who change the same rules, one has seen the last of them."""

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from app.deadlines.days.queries import year_calendar
from app.deadlines.days.service import import_days, seed_calendar
from app.deadlines.days.special import announced_days
from app.deadlines.policies.queries import policy_here
from app.deadlines.policies.service import publish_policy, seed_policies
from app.deadlines.policies.shipped import shipped_policies
from app.deadlines.standing.behind import current_basis
from app.deadlines.standing.models import Recomputation
from app.deadlines.standing.recomputing import request_recomputation
from app.deadlines.terms.models import DeadlinePolicy
from app.kernel.database import db, session, transaction
from app.kernel.errors import Refusal
from app.kernel.http import App
from app.organisation.service import found_district
from tests import postgres
from tests.conftest import count, new_sqlite, settings_for
from tests.deadlines.test_policies import FIVE_DAYS, ORDINARY, current_rows
from tests.world import SYSTEM


@pytest.fixture
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
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


def race(app: App, verb: Callable[[], object], number: int = 4) -> list[str]:
    """Each in its own thread and transaction; "" for those that won, else the code."""
    start, outcomes = threading.Barrier(number), []

    def run() -> None:
        start.wait()
        try:
            with app.app_context(), transaction():
                verb()
            outcomes.append("")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


@pytest.mark.races
def test_of_rivals_one_publishes(rivals_app: App) -> None:
    """Never more than one row holds, for all and for a unit; seeding at once seeds once."""
    app = rivals_app
    assert race(app, lambda: seed_policies(SYSTEM)) == [""] * 4
    with app.app_context(), transaction():
        district = found_district(SYSTEM, "区").id
        assert count(DeadlinePolicy) == len(shipped_policies())
        seen = policy_here(SYSTEM, ORDINARY, district).current_id
    lost = ["policy.changed_meanwhile"] * 3

    def publish(unit_id: int | None, based_on: int | None) -> Callable[[], object]:
        return lambda: publish_policy(
            SYSTEM, ORDINARY, unit_id=unit_id, stages=FIVE_DAYS, based_on=based_on
        )

    assert race(app, publish(None, seen)) == ["", *lost]
    assert race(app, publish(district, None)) == ["", *lost]
    with app.app_context(), transaction(writing=False):
        assert sorted(current_rows(ORDINARY), key=str) == sorted([None, district], key=str)


@pytest.mark.races
def test_two_lists_of_a_year_are_never_mixed(rivals_app: App) -> None:
    """Filling at once fills once; of two imports the last one holds, whole."""
    app = rivals_app
    assert race(app, lambda: seed_calendar(SYSTEM)) == [""] * 4
    with app.app_context(), transaction(writing=False):
        assert year_calendar(SYSTEM, 2026).by_day == announced_days(2026)
    months = iter((3, 4, 6, 7))

    def import_month() -> object:
        month = next(months)
        rows = [f"2026-{month}-{day},放假,第{month}月" for day in range(1, 29)]
        return import_days(SYSTEM, 2026, csv="\n".join(["日期,类别,名称", *rows]))

    assert race(app, import_month) == [""] * 4
    with app.app_context(), transaction(writing=False):
        found = year_calendar(SYSTEM, 2026).days
        assert len(found) == 28
        assert len({special.name for special in found}) == 1


@pytest.mark.races
def test_no_change_is_numbered_before_one_that_is_not_seen_yet(rivals_app: App) -> None:
    """What has been computed after the last change has seen all before it."""
    app = rivals_app
    with app.app_context(), transaction():
        request_recomputation(SYSTEM, "以前")
    noted, computed = threading.Event(), threading.Event()

    def change_slowly() -> None:
        with app.app_context(), transaction():
            request_recomputation(SYSTEM, "慢")
            noted.set()
            computed.wait(2)

    slow = threading.Thread(target=change_slowly)
    slow.start()
    assert noted.wait(30)
    with app.app_context():
        with transaction():
            request_recomputation(SYSTEM, "快")
        with transaction(writing=False):
            last, seen = current_basis(), session.scalars(select(Recomputation.id)).all()
    computed.set()
    slow.join(timeout=60)
    assert sorted(seen) == list(range(last - 2, last + 1))
