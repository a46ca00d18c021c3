"""A small district of this room's own, a door without identity, and an ear for events."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.kernel.actor import Actor, set_actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.http import App
from app.organisation.models import Place, Unit
from app.organisation.states import Management, PlaceKind, UnitKind
from app.people import events, queries, service
from app.people.models import Person
from app.people.states import PersonKind, RegistrationKind

SYSTEM = Actor.system("tests")


def new_unit(kind: UnitKind, name: str, parent: Unit | None = None) -> Unit:
    """A unit below `parent`."""
    unit = Unit(
        kind=kind, name=name, parent_id=parent.id if parent else None, path="", created_at=now()
    )
    session.add(unit)
    session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    session.flush()
    return unit


def new_place(kind: PlaceKind, name: str, unit: Unit, parent: Place | None = None) -> Place:
    """A place that `unit` looks after."""
    place = Place(
        kind=kind,
        name=name,
        full_name=f"{parent.full_name if parent else ''}{name}",
        parent_id=parent.id if parent else None,
        path="",
        unit_id=unit.id,
        management=Management.UNMANAGED,
        created_at=now(),
    )
    session.add(place)
    session.flush()
    place.path = f"{parent.path if parent else '/'}{place.id}/"
    session.flush()
    return place


@dataclass
class Town:
    """District > street > communities A and B; a grid in A."""

    district: Unit
    street: Unit
    a: Unit
    b: Unit
    grid: Unit

    def person(
        self,
        name: str = "王小明",
        *,
        kind: PersonKind = PersonKind.RESIDENT,
        phone: str | None = None,
        home: Unit | None = None,
    ) -> Person:
        """Someone, at home in A unless said otherwise."""
        home_id = (home or self.a).id
        return service.create_person(
            SYSTEM, kind=kind, name=name, phone=phone, home_unit_id=home_id
        )

    def stranger(self) -> Person:
        """Someone who belongs to no unit."""
        return service.create_person(SYSTEM, name="路人")

    def holder(self, role_code: str, unit: Unit | None = None) -> Actor:
        """Someone with a role, at A unless said otherwise."""
        unit = unit or self.a
        person = self.person(f"{role_code}员", kind=PersonKind.STAFF, home=unit)
        service.grant_role(SYSTEM, person.id, role_code, unit.id)
        return actor_of(person)

    def member(self, unit: Unit | None = None, name: str = "党员甲") -> Person:
        """Someone with an approved registration."""
        person = self.person(name, home=self.b)
        filed = service.report_to_unit(
            actor_of(person),
            unit_id=(unit or self.a).id,
            kind=RegistrationKind.HOME,
            skills=["电工"],
        )
        service.approve_registration(SYSTEM, filed.id)
        return person


def actor_of(person: Person | int) -> Actor:
    """What the guard would make of the person now."""
    person_id = person if isinstance(person, int) else person.id
    return Actor(
        person_id=person_id,
        name=queries.name_of(person_id),
        grants=queries.grants_of(person_id, now()),
    )


@pytest.fixture
def town(app: App) -> Town:
    """The small district, with the shipped roles."""
    service.seed_roles(SYSTEM)
    district = new_unit(UnitKind.DISTRICT, "试验区")
    street = new_unit(UnitKind.STREET, "东街", district)
    a = new_unit(UnitKind.COMMUNITY, "甲社区", street)
    b = new_unit(UnitKind.COMMUNITY, "乙社区", street)
    return Town(district, street, a, b, new_unit(UnitKind.GRID, "一网格", a))


@pytest.fixture
def heard(app: App, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the room announced, with nobody else listening."""
    events_heard: list[object] = []
    kinds = [kind for _, kind in inspect.getmembers(events, inspect.isclass)]
    listeners = {
        kind: [events_heard.append] for kind in kinds if kind.__module__ == events.__name__
    }
    monkeypatch.setitem(app.extensions, "listeners", listeners)
    return events_heard


Call = Callable[..., TestResponse]


@dataclass
class Door:
    """Calls the API as a person, without a session."""

    client: FlaskClient

    def __call__(
        self,
        method: str,
        path: str,
        who: Actor | Person | int,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """The answer to one request."""
        person_id = who if isinstance(who, int) else getattr(who, "person_id", None) or who.id  # type: ignore[union-attr]  # an Actor has the first, a Person the second
        return self.client.open(
            f"/api/v1{path}",
            method=method,
            json=json,
            headers={"X-Person": str(person_id), **(headers or {})},
        )


@pytest.fixture
def door(
    app: App, client: FlaskClient, heard: list[object], monkeypatch: pytest.MonkeyPatch
) -> Door:
    """The API behind a guard that believes a header."""

    def guard() -> None:
        set_actor(actor_of(int(request.headers["X-Person"])))

    monkeypatch.setitem(app.extensions, "guards", [guard])
    return Door(client)


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    body = answer.get_json()
    assert answer.content_type == "application/problem+json", body
    return answer.status_code, body["code"]
