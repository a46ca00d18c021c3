"""A small tree of units of its own, and requests as whomever a test invents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.kernel.actor import Actor, Grant, set_actor
from app.kernel.database import session
from app.kernel.errors import Refusal
from app.kernel.http import App
from app.kernel.settings import Setting
from app.organisation import service
from app.organisation.geometry import CoordinateSystem
from app.organisation.models import Unit
from app.organisation.policy import PERMISSIONS
from app.organisation.states import UnitKind

SYSTEM = Actor.system("tests")
RESIDENT = Actor(9002, "居民")
SETTINGS = (
    Setting("t.cap", 3, int, "最多几单", minimum=1, maximum=9),
    Setting("t.quiet", "21:30", str, "安静时间"),
    Setting("t.swap", False, bool, "换班要批准"),
)


def square(west: float, south: float, size: float = 0.01) -> dict[str, Any]:
    """A GeoJSON square."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@dataclass(frozen=True, slots=True)
class Spot:
    """A unit as it was built."""

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class Tree:
    """东区 > 一街、二街; 一街 > 甲社区、乙社区; 甲社区 > 第1网格、第2网格."""

    district: Spot
    street: Spot
    other_street: Spot
    community: Spot
    other_community: Spot
    grid: Spot
    other_grid: Spot

    def actor(self, unit: Spot, *permissions: str, person_id: int = 9001) -> Actor:
        """Someone with these permissions (all of the room's if none is named) from `unit` down."""
        held = frozenset(permissions or (permission.name for permission in PERMISSIONS))
        return Actor(person_id, "某人", (Grant("test", unit.id, unit.path, held),))


def spot(unit: Unit) -> Spot:
    """What survives the end of a request."""
    return Spot(unit.id, unit.path)


def unit(kind: UnitKind, name: str, parent: Spot, **more: Any) -> Spot:
    """A new unit."""
    return spot(service.create_unit(SYSTEM, kind=kind, name=name, parent_id=parent.id, **more))


@pytest.fixture
def tree(app: App) -> Tree:
    """The tree, with areas for both grids (south of 甲社区) and for 甲社区 around them."""
    district = spot(service.found_district(SYSTEM, "东区"))
    street = unit(UnitKind.STREET, "一街", district)
    community = unit(UnitKind.COMMUNITY, "甲社区", street, code="C1", phone="0571-88880000")
    grid = unit(UnitKind.GRID, "第1网格", community)
    other_grid = unit(UnitKind.GRID, "第2网格", community)
    for target, area in (
        (community, square(120, 30, 0.02)),
        (grid, square(120, 30)),
        (other_grid, square(120.01, 30)),
    ):
        service.set_area(SYSTEM, target.id, area, CoordinateSystem.GCJ02)
    built = Tree(
        district,
        street,
        unit(UnitKind.STREET, "二街", district),
        community,
        unit(UnitKind.COMMUNITY, "乙社区", street),
        grid,
        other_grid,
    )
    session.commit()
    return built


@pytest.fixture
def declared(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three settings, and none of the rooms'."""
    monkeypatch.setitem(app.extensions, "settings", {entry.key: entry for entry in SETTINGS})


@dataclass
class Door:
    """Requests as an actor that needs no session; the guard itself is identity's to test."""

    app: App
    actor: Actor | None = None

    def guard(self) -> None:
        """Stands in for the guard."""
        if self.actor is not None:
            set_actor(self.actor)

    def __call__(
        self, actor: Actor, method: str, path: str, body: Any = None, **more: Any
    ) -> TestResponse:
        """One request; `version` becomes If-Match, `key` the Idempotency-Key."""
        self.actor = actor
        headers = {}
        if "version" in more:
            headers["If-Match"] = f'"{more.pop("version")}"'
        if "key" in more:
            headers["Idempotency-Key"] = more.pop("key")
        if body is not None:
            more["json"] = body
        client = self.app.test_client()
        return client.open(f"/api/v1{path}", method=method, headers=headers, **more)


@pytest.fixture
def door(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The API of the room without log-ins."""
    opened = Door(app)
    monkeypatch.setitem(app.extensions, "guards", [opened.guard])
    yield opened


@pytest.fixture
def heard(app: App, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The room's events as they are announced, and nobody else listening."""
    events: list[object] = []
    listeners: dict[type, list[Callable[[object], None]]] = {}
    monkeypatch.setitem(app.extensions, "listeners", listeners)

    class Everything(dict[type, list[Callable[[object], None]]]):
        """Any type of event has one listener."""

        def get(self, key: type, default: Any = None) -> Any:
            return [events.append]

    monkeypatch.setitem(app.extensions, "listeners", Everything())
    return events


def refused(kind: type[Refusal], code: str) -> "pytest.RaisesExc[Refusal]":
    """Expects a refusal with that code."""
    return pytest.raises(kind, check=lambda refusal: refusal.code == code)


def code_of(answer: TestResponse) -> str:
    """The code of a refusal."""
    assert answer.content_type == "application/problem+json", answer.get_data(as_text=True)
    return str((answer.json or {})["code"])


def ok(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    """The body of a success."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    return dict(answer.json or {})


def fails(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal."""
    assert (answer.status_code, code_of(answer)) == (status, code), answer.json
    body = dict(answer.json or {})
    assert body["detail"].endswith("。")
    return body
