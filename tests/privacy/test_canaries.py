"""Names, phones, rooms and exact points of many people come out by a reveal with its audit row alone."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.kernel.http import App
from app.orders.ticket.models import Order
from app.organisation.models import Place
from app.organisation.service import create_place
from app.organisation.states import PlaceKind
from app.people.models import Person
from app.people.service import create_person
from tests.permissions.actors import PLACES, Cast, gather, undone
from tests.permissions.runner import methods
from tests.world import SOUTH, SYSTEM, WEST, World

pytestmark = pytest.mark.slow
# With --figures so many people, else fewer.
MANY, FEW = 200, 20
# Four in a row differ: anonymous or not, at the desk, in the pool, with the grid worker.
OF_EACH_KIND = 4
_keys = itertools.count(1)
Asked = tuple[str, str, dict[str, Any] | None]


@dataclass(frozen=True)
class Canary:
    """One person with a home and an order there; `secrets` are what no answer may hold."""

    person_id: int
    order_id: int
    secrets: tuple[str, ...]


@pytest.fixture
def cast(world: World) -> Cast:
    """Everybody of the matrix."""
    return gather(world)


def birds(world: World, how_many: int) -> list[Canary]:
    """People of the first community, each with a room, a point and an order that a member has claimed."""
    found = [_bird(world, number) for number in range(how_many)]
    session.commit()
    return found


def _bird(world: World, number: int) -> Canary:
    name, phone = f"金{chr(0x4E00 + number)}丝雀", f"13577{number:06d}"
    room = create_place(
        SYSTEM, kind=PlaceKind.ROOM, name=f"9{number:03d}金雀室", parent_id=world.place.id
    )
    person = create_person(
        SYSTEM, name=name, phone=phone, home_place_id=room.id, address=f"金雀巷{number}号后门"
    )
    point = {
        "latitude": round(SOUTH + 0.00311 + number * 0.0000137, 7),
        "longitude": round(WEST + 0.00411 + number * 0.0000171, 7),
        "coordinate_system": "gcj02",
        "address": f"金雀巷{number}号后门",
    }
    order = world.order(
        "duty",
        description="水管漏水，请来看看。",
        on_behalf_of={"person_id": person.id},
        place_id=room.id,
        location=point,
        anonymous=number % 4 == 0,
    )
    if number % 2:
        world.act("dispatcher", order["id"], "dispatch", mode="pool")
    if number % 4 == 1:
        world.act("dispatcher", order["id"], "recall", reason="重新安排")
        grid = world.ids["grid"]
        world.act("dispatcher", order["id"], "dispatch", mode="direct", assignee_id=grid)
    degrees = str(point["latitude"]), str(point["longitude"])
    secrets = (name, phone, room.name, str(point["address"]), *degrees)
    return Canary(person.id, int(order["id"]), secrets)


def paths(app: Flask, given: dict[str, int]) -> Iterator[str]:
    """Each GET of the program that needs just these ids; places are left out: they name no people."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        is_ours = rule.rule.startswith("/api/v1/") and not rule.endpoint.startswith("places.")
        if is_ours and methods(rule) == {"GET"} and rule.arguments == given.keys():
            yield adapter.build(rule.endpoint, given)


def of_one(app: Flask, world: World, canary: Canary, *, acts: bool) -> Iterator[Asked]:
    """All that can be read of one person and one order, and what acts on the order answer."""
    for ids in ({"order_id": canary.order_id}, {"person_id": canary.person_id}):
        yield from (("GET", path, None) for path in paths(app, ids))
    path = f"/api/v1/orders/{canary.order_id}"
    to = {"mode": "direct", "assignee_id": world.ids["member"]}
    part = {"unit_id": world.other_community.id, "task": "配合检查"}
    if acts:
        yield "POST", f"{path}/comments", {"note": "请留意。"}
        yield "POST", f"{path}/amend", {"reason": "更急", "urgency": "urgent"}
        yield "POST", f"{path}/dispatch", to
        yield "POST", f"{path}/claim", {}
        yield "POST", f"{path}/start", {}
        yield "POST", f"{path}/split", {"parts": [part]}


def of_all(app: Flask, world: World, canaries: list[Canary]) -> Iterator[Asked]:
    """Lists, and what is asked about many orders at once."""
    unit = f"unit_id={world.community.id}"
    for path in (*paths(app, {}), *paths(app, {"unit_id": world.community.id})):
        yield from (("GET", path + query, None) for query in ("", f"?{unit}"))
    yield "GET", "/api/v1/orders?limit=100&q=漏水", None
    yield "POST", "/api/v1/dispatching/matchings", {"unit_id": world.community.id}
    many = {"ids": [canary.order_id for canary in canaries[:20]], "dry_run": True}
    to = {"mode": "direct", "assignee_id": world.ids["member"]}
    yield "POST", "/api/v1/orders/bulk", many | {"action": "acknowledge"}
    yield "POST", "/api/v1/orders/bulk", many | {"action": "ask", "note": "请问哪里漏？"}
    yield "POST", "/api/v1/orders/bulk", many | {"action": "dispatch"} | to


def leaks(
    app: Flask, cast: Cast, canaries: list[Canary], *, lists: bool = True
) -> tuple[int, list[str]]:
    """How many answers there were, and each that holds a secret of somebody."""
    secrets = [secret for canary in canaries for secret in canary.secrets]
    asked, found = 0, []
    keys = sorted({key for roles in PLACES.values() for key in roles.values()})
    requests = list(of_all(app, cast.world, canaries)) if lists else []
    for number, canary in enumerate(canaries):
        requests += of_one(app, cast.world, canary, acts=number < OF_EACH_KIND)
    for method, path, body in requests:
        for key in keys:
            options: dict[str, Any] = {}
            if body is not None:
                options = {"json": body, "headers": {"Idempotency-Key": f"canary-{next(_keys)}"}}
            with undone():
                answer = cast.send(key, method, path, **options)
                text = json.dumps(answer.get_json(silent=True), ensure_ascii=False)
            asked += 1
            found += [f"{key} {method} {path}: {secret}" for secret in secrets if secret in text]
    return asked, found


def test_no_answer_holds_a_canary(app: App, cast: Cast, pytestconfig: pytest.Config) -> None:
    """All roles, here and elsewhere, over all that can be read, and what acts answer."""
    flock = birds(cast.world, MANY if pytestconfig.getoption("--figures") else FEW)
    asked, found = leaks(app, cast, flock)
    assert asked > 4000
    assert found == [], "\n".join(found[:20])
    assert session.scalar(select(func.count()).where(AuditRow.action == "order.revealed")) == 0


def test_rooms_and_points_do_not_stand_in_the_orders(cast: Cast) -> None:
    """The row has the building and the rounded point; many people share one."""
    flock = birds(cast.world, FEW)
    ids = [canary.order_id for canary in flock]
    rows = session.execute(
        select(Place.kind, Order.latitude, Order.longitude)
        .join(Order, Order.place_id == Place.id)
        .where(Order.id.in_(ids))
    ).all()
    assert len(rows) == FEW
    assert {kind for kind, _, _ in rows} == {PlaceKind.BUILDING}
    assert len({(latitude, longitude) for _, latitude, longitude in rows}) <= 4


def test_a_reveal_shows_them_and_leaves_its_row(cast: Cast) -> None:
    """The positive control: what is not found above is there, and comes out so."""
    flock = birds(cast.world, FEW)
    for canary in flock:
        body = {"fields": ["contact", "location"], "reason": "上门核对"}
        answer = cast.world.post("dispatcher", f"/orders/{canary.order_id}/reveal", **body)
        text = json.dumps(answer.get_json(), ensure_ascii=False)
        assert [secret for secret in canary.secrets if secret not in text] == []
    rows = select(AuditRow.subject_id, AuditRow.fields).where(AuditRow.action == "order.revealed")
    revealed = {(row.subject_id, *row.fields) for row in session.execute(rows)}
    fields = ("contact", "location")
    assert revealed == {(canary.order_id, field) for canary in flock for field in fields}


@pytest.mark.parametrize(
    ("where", "instead"),
    [
        ("app.orders.views.rendering.mask_name", lambda name: name),
        ("app.orders.views.rendering.mask_phone", lambda phone: phone),
        ("app.people.queries.persons.mask_name", lambda name: name),
        ("app.orders.views.rendering.is_requester", lambda *_: True),
    ],
)
def test_a_hole_is_found(
    app: App, cast: Cast, monkeypatch: pytest.MonkeyPatch, where: str, instead: Any
) -> None:
    """An answer that masks nothing, or that takes everybody for the requester."""
    flock = birds(cast.world, 2)
    monkeypatch.setattr(where, instead)
    _, found = leaks(app, cast, flock, lists=False)
    assert found != []


def test_the_canaries_live(cast: Cast) -> None:
    """A search for nothing finds nothing: the secrets are kept, sealed."""
    (canary,) = birds(cast.world, 1)
    person = session.get_one(Person, canary.person_id)
    assert person.full_name == canary.secrets[0]
    assert person.home_place_id == cast.world.place.id
