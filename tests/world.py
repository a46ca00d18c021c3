"""A small district with people, built through the services: what most tests begin with.

One district, one street, two communities with two grids each; in each community a resident or more,
members, a grid worker, dispatcher, leader and duty person; above them a street officer, a district
officer and an administrator. Names of people are keys: "resident", "resident2", "member", "member2",
"volunteer", "grid", "duty", "dispatcher", "leader", and the same with "other_" in front for the other
community; "street", "district", "admin".
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from tempfile import NamedTemporaryFile
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from app.categories.models import Category
from app.categories.service import seed_categories
from app.deadlines.days.service import seed_calendar
from app.deadlines.policies.service import seed_policies
from app.identity.service import Issued, open_session, record_consent
from app.identity.states import CURRENT_VERSIONS, Channel, Document
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.notifications.models import OutboxMessage
from app.organisation.geometry import CoordinateSystem
from app.organisation.models import Place, Provider, Unit
from app.organisation.service import (
    Position,
    create_place,
    create_provider,
    create_unit,
    found_district,
    set_area,
    set_setting,
)
from app.organisation.states import PlaceKind, ProviderKind, UnitKind
from app.people.models import Person
from app.people.queries import grants_of
from app.people.service import (
    approve_registration,
    create_person,
    grant_role,
    report_to_unit,
    seed_roles,
)
from app.people.states import PersonKind, RegistrationKind

SYSTEM = Actor.system("tests")
SKILLS = ("电工", "水工", "家电", "保洁")
WEST, SOUTH, STEP = 117.00, 36.00, 0.01
_keys = itertools.count(1)

# Key in a community: kind of person, role.
CROWD = {
    "resident": (PersonKind.RESIDENT, None),
    "resident2": (PersonKind.RESIDENT, None),
    "member": (PersonKind.MEMBER, None),
    "member2": (PersonKind.MEMBER, None),
    "volunteer": (PersonKind.VOLUNTEER, None),
    "grid": (PersonKind.GRID_WORKER, "grid_worker"),
    "duty": (PersonKind.STAFF, "duty"),
    "dispatcher": (PersonKind.STAFF, "dispatcher"),
    "leader": (PersonKind.STAFF, "leader"),
}


@dataclass
class World:
    """The district; units and places are detached rows to read ids and paths from."""

    district: Unit
    street: Unit
    community: Unit
    other_community: Unit
    grid: Unit
    other_grid: Unit
    place: Place
    other_place: Place
    provider: Provider
    ids: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    client: FlaskClient | None = None
    sessions: dict[str, Issued] = field(default_factory=dict)

    def actor(self, who: str) -> Actor:
        """The person as an actor with today's grants."""
        return Actor(self.ids[who], who, grants_of(self.ids[who], now()))

    def login(self, who: str) -> dict[str, str]:
        """Headers of that person's session; of a new one where there is none, or its time is up."""
        issued = self.sessions.get(who)
        if issued is None or now() >= issued.expires_at:
            issued = open_session(SYSTEM, self.ids[who], Channel.PASSWORD)
            session.commit()
        return {"Authorization": f"Bearer {issued.access_token}"}

    def call(
        self, who: str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> TestResponse:
        """One request of the API as that person; POSTs to /orders get a key of their own."""
        assert self.client is not None
        sent = self.login(who) if who else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"key-{next(_keys)}")
        kwargs: dict[str, Any] = {} if body is None else {"json": body}
        return self.client.open(f"/api/v1{path}", method=method, headers=sent, **kwargs)

    def get(self, who: str | None, path: str) -> TestResponse:
        """A GET as that person."""
        return self.call(who, "GET", path)

    def post(self, who: str | None, path: str, **body: Any) -> TestResponse:
        """A POST as that person."""
        return self.call(who, "POST", path, body)

    def order(self, who: str = "resident", **body: Any) -> dict[str, Any]:
        """A placed order, as the API answers it."""
        answer = self.post(who, "/orders", **({"description": "楼道的灯坏了,请来修。"} | body))
        assert answer.status_code == 201, answer.json
        return dict(answer.json or {})

    def act(self, who: str, order_id: int, action: str, **body: Any) -> dict[str, Any]:
        """An action that must succeed; the order as it is then."""
        answer = self.post(who, f"/orders/{order_id}/{action}", **body)
        assert answer.status_code == 200, answer.json
        return dict(answer.json or {})

    def lift_caps(self) -> None:
        """Lets residents place and members claim as often as a test wants."""
        for key, value in (
            ("orders.resident_daily", 1000),
            ("orders.resident_open", 1000),
            ("orders.open_cap", 50),
            ("orders.daily_cap", 50),
        ):
            set_setting(SYSTEM, self.street.id, key=key, value=value)
        session.commit()

    def claimed(self, member: str = "member", **body: Any) -> dict[str, Any]:
        """An order that the member has claimed from the pool."""
        order = self.order(**body)
        self.act("dispatcher", order["id"], "dispatch", mode="pool")
        return self.act(member, order["id"], "claim")


def build_world() -> World:
    """Commits the district once; tests work on it inside transactions of their own."""
    with transaction(), ExitStack() as past:
        past.enter_context(_long_ago())
        seed_roles(SYSTEM)
        seed_policies(SYSTEM)
        seed_calendar(SYSTEM)
        seed_categories(SYSTEM)
        district = found_district(SYSTEM, "测试区")
        street = create_unit(SYSTEM, kind=UnitKind.STREET, name="测试街道", parent_id=district.id)
        first, grid, place = _community(street, "东风社区", 0)
        second, other_grid, other_place = _community(street, "西园社区", 2)
        provider = create_provider(
            SYSTEM,
            unit_id=first.id,
            name="安心物业",
            kind=ProviderKind.PROPERTY,
            phone="05311234567",
        )
        world = World(
            district, street, first, second, grid, other_grid, place, other_place, provider
        )
        _crowd(world, first, "")
        _crowd(world, second, "other_")
        for key, role, unit in (
            ("street", "street_officer", street),
            ("district", "district_officer", district),
            ("admin", "admin", district),
        ):
            _person(world, key, PersonKind.STAFF, role, unit)
        past.close()
        world.sessions = {
            who: open_session(SYSTEM, person_id, Channel.PASSWORD)
            for who, person_id in world.ids.items()
        }
        found = session.execute(select(Category.name, Category.id))
        world.categories = {row.name: row.id for row in found}
        # What people were told while the district was made is no test's concern.
        session.execute(delete(OutboxMessage))
        session.flush()
        session.expunge_all()
    return world


@contextmanager
def _long_ago() -> Iterator[None]:
    """People hold their posts since then, on whatever day a test puts the clock."""
    before = os.environ.get("CLOCK_FILE")
    with NamedTemporaryFile("w", encoding="ascii") as clock:
        clock.write("2026-01-01T00:00:00+08:00")
        clock.flush()
        os.environ["CLOCK_FILE"] = clock.name
        try:
            yield
        finally:
            del os.environ["CLOCK_FILE"]
            if before is not None:
                os.environ["CLOCK_FILE"] = before


def _community(street: Unit, name: str, column: int) -> tuple[Unit, Unit, Place]:
    community = create_unit(SYSTEM, kind=UnitKind.COMMUNITY, name=name, parent_id=street.id)
    grids = []
    for number in range(2):
        grid = create_unit(
            SYSTEM, kind=UnitKind.GRID, name=f"{name}第{number + 1}网格", parent_id=community.id
        )
        set_area(SYSTEM, grid.id, _square(column + number), CoordinateSystem.GCJ02)
        grids.append(grid)
    estate = create_place(SYSTEM, kind=PlaceKind.ESTATE, name=f"{name}小区", unit_id=grids[0].id)
    building = create_place(
        SYSTEM,
        kind=PlaceKind.BUILDING,
        name="3号楼",
        parent_id=estate.id,
        position=Position(SOUTH + STEP / 2, WEST + STEP * (column + 0.5), CoordinateSystem.GCJ02),
    )
    return community, grids[0], building


def _square(column: int) -> dict[str, Any]:
    west, east, north = WEST + STEP * column, WEST + STEP * (column + 1), SOUTH + STEP
    ring = [[west, SOUTH], [east, SOUTH], [east, north], [west, north], [west, SOUTH]]
    return {"type": "Polygon", "coordinates": [ring]}


def _crowd(world: World, community: Unit, prefix: str) -> None:
    for key, (kind, role) in CROWD.items():
        person = _person(world, prefix + key, kind, role, community)
        actor = Actor(person.id, key)
        if kind is PersonKind.RESIDENT:
            record_consent(
                actor, Document.PRIVACY, CURRENT_VERSIONS[Document.PRIVACY], granted=True
            )
    leader = world.actor(prefix + "leader")
    for key in ("member", "member2", "volunteer"):
        member = Actor(world.ids[prefix + key], key)
        for document in (Document.PRIVACY, Document.PARTY_MEMBERSHIP):
            record_consent(member, document, CURRENT_VERSIONS[document], granted=True)
        registration = report_to_unit(
            member, unit_id=community.id, kind=RegistrationKind.HOME, skills=SKILLS
        )
        approve_registration(leader, registration.id)


def _person(world: World, key: str, kind: PersonKind, role: str | None, unit: Unit) -> Person:
    number = len(world.ids) + 1
    person = create_person(
        SYSTEM,
        kind=kind,
        name=f"测{key}",
        phone=f"139{number:08d}",
        home_unit_id=unit.id,
        skills=SKILLS if kind in (PersonKind.MEMBER, PersonKind.VOLUNTEER) else (),
    )
    world.ids[key] = person.id
    if role:
        grant_role(SYSTEM, person.id, role, unit.id)
    return person
