"""Rivals: what must happen once when several do it at the same moment, on a real database."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from app.kernel.actor import Actor
from app.kernel.database import db, is_sqlite, session, transaction
from app.kernel.errors import Conflict
from app.kernel.http import App
from app.organisation.states import UnitKind
from app.people import queries, service
from app.people.models import Person
from app.people.service.batches import one_by_one
from app.people.states import RegistrationKind, RegistrationStatus
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.people.conftest import SYSTEM, actor_of, new_unit

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
def units(rivals_app: App) -> list[int]:
    """Four communities of a district of their own."""
    with rivals_app.app_context(), transaction():
        service.seed_roles(SYSTEM)
        district = new_unit(UnitKind.DISTRICT, f"区{uuid.uuid4().hex[:8]}")
        street = new_unit(UnitKind.STREET, "街道", district)
        return [new_unit(UnitKind.COMMUNITY, f"社区{n}", street).id for n in range(4)]


def race(app: App, verbs: Sequence[Callable[[], object]]) -> list[str]:
    """Runs each verb in its own thread and transaction; "" for those that won, else the code."""
    start = threading.Barrier(len(verbs))
    outcomes: list[str] = []

    def run(verb: Callable[[], object]) -> None:
        start.wait()
        try:
            with app.app_context(), transaction():
                verb()
            outcomes.append("")
        except Conflict as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def new_person(app: App, unit_id: int, role: str | None = None) -> int:
    with app.app_context(), transaction():
        person_id = service.create_person(SYSTEM, name="王小明", home_unit_id=unit_id).id
        if role:
            service.grant_role(SYSTEM, person_id, role, unit_id)
        return person_id


def actor(app: App, person_id: int) -> Actor:
    with app.app_context(), transaction():
        return actor_of(person_id)


def file(who: Actor, unit_id: int, kind: str = "home") -> int:
    return service.report_to_unit(who, unit_id=unit_id, kind=RegistrationKind(kind)).id


def test_of_two_who_decide_one_wins(rivals_app: App, units: list[int]) -> None:
    member = actor(rivals_app, new_person(rivals_app, units[0]))
    staff = [actor(rivals_app, new_person(rivals_app, units[0], "dispatcher")) for _ in range(3)]
    with rivals_app.app_context(), transaction():
        filed = file(member, units[0])
    outcomes = race(
        rivals_app,
        [
            lambda: service.approve_registration(staff[0], filed),
            lambda: service.decline_registration(staff[1], filed, "不在本社区"),
            lambda: service.approve_registration(staff[2], filed),
        ],
    )
    assert outcomes == ["", "registration.already_decided", "registration.already_decided"]
    with rivals_app.app_context(), transaction():
        (kept,) = queries.registrations_of(member.own_id)
        admitted = kept.status is RegistrationStatus.APPROVED
        assert len(queries.holders_of("orders.claim", units[0])) == int(admitted)


def test_three_registrations_at_most_are_held(rivals_app: App, units: list[int]) -> None:
    member = actor(rivals_app, new_person(rivals_app, units[0]))
    outcomes = race(rivals_app, [partial(file, member, unit_id) for unit_id in units] * 2)
    assert outcomes.count("") == 3
    assert set(outcomes) <= {"", "registration.too_many", "registration.already_open"}
    with rivals_app.app_context(), transaction():
        mine = queries.registrations_of(member.own_id)
        assert len({r.unit_id for r in mine}) == len(mine) == 3


def test_a_role_is_given_once(rivals_app: App, units: list[int]) -> None:
    person_id = new_person(rivals_app, units[1])
    verbs = [lambda: service.grant_role(SYSTEM, person_id, "duty", units[1])] * 4
    assert race(rivals_app, verbs) == ["", *["role.already_granted"] * 3]


def test_approving_and_leaving_at_once_leave_no_role_behind(
    rivals_app: App, units: list[int]
) -> None:
    for _ in range(5):
        member = actor(rivals_app, new_person(rivals_app, units[2]))
        with rivals_app.app_context(), transaction():
            filed = file(member, units[2])
        race(
            rivals_app,
            [
                partial(service.approve_registration, SYSTEM, filed),
                partial(service.erase_person, member, member.own_id),
            ],
        )
        with rivals_app.app_context(), transaction():
            assert member.own_id not in queries.holders_of("orders.claim", units[2])
            (kept,) = queries.registrations_of(member.own_id)
            assert kept.status is RegistrationStatus.ENDED


def test_a_batch_holds_all_its_people_before_it_begins(rivals_app: App, units: list[int]) -> None:
    people = [new_person(rivals_app, units[0]) for _ in range(2)]
    free: list[int] = []

    def look() -> None:
        wanted = select(Person.id).where(Person.id.in_(people))
        with rivals_app.app_context(), transaction(writing=False):
            free.extend(session.scalars(wanted.with_for_update(skip_locked=True)))

    def work(_person_id: int) -> int:
        other = threading.Thread(target=look)
        other.start()
        other.join(timeout=60)
        return 1

    with rivals_app.app_context(), transaction():
        if is_sqlite():
            pytest.skip("one writer at a time")
        assert one_by_one(people, work) == 2
    assert free == []
