"""The last administrator and the last district officer of a district stay."""

import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.identity import service as identity
from app.identity.listeners import on_posts_ending
from app.identity.service import posts
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import db, is_sqlite, session, transaction
from app.kernel.errors import Conflict
from app.kernel.http import App
from app.organisation import service as organisation
from app.people import service
from app.people.events import PostsEnding
from app.people.models import RoleGrant
from app.people.queries import grants_of
from tests import postgres
from tests.conftest import Clock, new_sqlite, settings_for
from tests.identity.conftest import PASSWORD, START, SYSTEM, Entered, Hire, Town
from tests.people.test_races import race

LAST = "role.last_one"


def actor_of(person_id: int) -> Actor:
    return Actor(person_id, "", grants_of(person_id, now()), confirmed_at=now())


def grant_of(person_id: int) -> int:
    mine = select(RoleGrant.id).where(
        RoleGrant.person_id == person_id, RoleGrant.ended_at.is_(None)
    )
    return session.scalars(mine).one()


def ways(person_id: int, other_id: int) -> dict[str, Callable[[], object]]:
    """All ways in which somebody can lose a post."""
    return {
        "steps down": lambda: service.end_role(actor_of(person_id), grant_of(person_id)),
        "is dismissed": lambda: service.end_role(actor_of(other_id), grant_of(person_id)),
        "by command": lambda: service.end_role(SYSTEM, grant_of(person_id)),
        "is deactivated": lambda: service.deactivate_person(SYSTEM, person_id, "调离"),
        "is erased": lambda: service.erase_person(SYSTEM, person_id, forced=True),
        "erases himself": lambda: service.erase_person(actor_of(person_id), person_id),
    }


WAYS = list(ways(0, 0))
ROLES = ["admin", "district_officer"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", WAYS)
def test_the_last_one_stays_and_the_last_but_one_may_go(
    town: Town, hire: Hire, role: str, way: str
) -> None:
    last = hire("first", role=role, unit_id=town.district).id
    # Who has the same permissions, but is no successor: no log-in, an end, another unit.
    hire(role=role, unit_id=town.district)
    hire("below", role=role, unit_id=town.street)
    hire("given", role=role, unit_id=town.district, must_change=True)
    bounded = hire("bounded").id
    with transaction():
        until = now().replace(year=now().year + 1)
        service.grant_role(SYSTEM, bounded, role, town.district, until=until)
    helper = bounded
    with pytest.raises(Conflict, match=LAST), transaction():
        ways(last, helper)[way]()
    hire("second", role=role, unit_id=town.district)
    with transaction():
        ways(last, helper)[way]()
    assert grants_of(last, now()) == ()


def test_an_officer_may_log_in_by_wechat(town: Town, hire: Hire) -> None:
    last = hire(role="district_officer", unit_id=town.district).id
    with transaction():
        identity.attach_wechat(SYSTEM, last, "sandbox-demo-member-1")
    with pytest.raises(Conflict, match=LAST), transaction():
        service.erase_person(SYSTEM, last)
    other = hire(role="district_officer", unit_id=town.district).id
    with transaction():
        identity.attach_wechat(SYSTEM, other, "sandbox-demo-member-2")
    with transaction():
        service.erase_person(SYSTEM, last)


def test_other_roles_and_units_below_are_free(town: Town, hire: Hire) -> None:
    for role, unit_id in (("admin", town.street), ("leader", town.district)):
        person = hire(f"a{role}", role=role, unit_id=unit_id)
        with transaction():
            service.erase_person(SYSTEM, person.id)


def test_over_the_api(client: FlaskClient, town: Town, hire: Hire, entered: Entered) -> None:
    last = hire("first", role="admin", unit_id=town.district)
    answer = client.delete("/api/v1/me", headers=entered(last.id))
    assert (answer.status_code, answer.get_json()["code"]) == (409, LAST)
    assert "系统管理员" in answer.get_json()["detail"]


def test_a_date_may_pass_where_somebody_stays(town: Town, hire: Hire, clock: Clock) -> None:
    """A post with an end never counts as the one that stays, so its end leaves nobody behind."""
    clock.set(START)
    last = hire("first", role="admin", unit_id=town.district).id
    bounded = hire("bounded").id
    with transaction():
        until = now().replace(month=now().month + 1)
        service.grant_role(SYSTEM, bounded, "admin", town.district, until=until)
    clock.set("2026-05-01T09:00:00+08:00")
    with transaction():
        assert service.end_expired_grants(SYSTEM, 10) == 1
    with pytest.raises(Conflict, match=LAST), transaction():
        service.erase_person(SYSTEM, last)


# --- two at the same moment


@pytest.fixture(scope="module")
def real(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app on a database of its own, where commits are real; it hears of ending posts alone."""
    folder = tmp_path_factory.mktemp("last")
    if database == "sqlite":
        yield from _app(new_sqlite(folder), folder)
        return
    with postgres.new_database(f"sandan_test_{uuid.uuid4().hex[:12]}") as url:
        yield from _app(url, folder)


def _app(url: str, folder: Path) -> Iterator[App]:
    app = create_app(settings_for(url, folder))
    app.extensions["listeners"] = {PostsEnding: [on_posts_ending]}
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


def two_last(app: App, role: str) -> tuple[int, list[int]]:
    """A new district with two holders of the role who can log in."""
    with app.app_context(), transaction():
        service.seed_roles(SYSTEM)
        unit = organisation.found_district(SYSTEM, f"区{uuid.uuid4().hex[:8]}").id
        found = []
        for _ in range(2):
            person = service.create_person(SYSTEM, name="李建国", home_unit_id=unit)
            service.grant_role(SYSTEM, person.id, role, unit)
            username = uuid.uuid4().hex[:12]
            identity.create_account(SYSTEM, person.id, username, PASSWORD, must_change=False)
            found.append(person.id)
        return unit, found


def holders(app: App, people: list[int]) -> int:
    with app.app_context(), transaction(writing=False):
        return sum(bool(grants_of(person_id, now())) for person_id in people)


def rivals(app: App, role: str, way: str) -> tuple[list[str], int]:
    """Both lose the post at once; the outcomes, and how many hold it afterwards."""
    _, people = two_last(app, role)
    with app.app_context(), transaction(writing=False):
        actors = [actor_of(person_id) for person_id in people]
        grants = [grant_of(person_id) for person_id in people]
    verbs = {
        "each other": [
            partial(service.end_role, actors[1 - n], grants[n]) for n in range(2)
        ],
        "themselves": [
            partial(service.erase_person, actors[n], people[n]) for n in range(2)
        ],
        "one and one": [
            partial(service.end_role, actors[1], grants[0]),
            partial(service.erase_person, actors[1], people[1]),
        ],
    }  # fmt: skip
    return race(app, verbs[way]), holders(app, people)


@pytest.mark.races
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", ["each other", "themselves", "one and one"])
def test_of_two_at_once_one_stays(real: App, role: str, way: str) -> None:
    for _ in range(8):
        outcomes, left = rivals(real, role, way)
        assert (outcomes, left) == (["", LAST], 1)


@pytest.mark.races
def test_without_the_lock_nobody_would_stay(real: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with real.app_context(), transaction(writing=False):
        if is_sqlite():
            pytest.skip("one writer at a time")
    both = threading.Barrier(2, timeout=30)

    def no_lock(codes: set[str]) -> dict[str, str]:
        both.wait()
        return dict.fromkeys(codes, "")

    monkeypatch.setattr(posts, "_hold_roles", no_lock)
    assert rivals(real, "admin", "themselves") == (["", ""], 0)
