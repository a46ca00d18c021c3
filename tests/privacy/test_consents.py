"""What needs a consent is not kept before it, is kept after it, and is gone after its withdrawal.

Generated: every document with every way in which data are kept by it, looked for in all tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.kernel.database import db, session
from app.kernel.errors import Refusal
from app.orders.ticket.models.placement import point_text, rounded
from app.people.models import Person
from app.people.service import create_person, report_to_unit
from app.people.states import Document, PersonKind, RegistrationKind
from tests.consents import agree
from tests.files import samples
from tests.files.conftest import send
from tests.orders.stories import do
from tests.privacy.dump import opened
from tests.world import SOUTH, SYSTEM, WEST, World

WHO = "newcomer"
P, M, E, G = (
    Document.PRIVACY,
    Document.PARTY_MEMBERSHIP,
    Document.EXACT_LOCATION,
    Document.GREEN_CHANNEL,
)
NOTHING_KEPT = {Document.SERVICE_TERMS: "It is about manners: nothing is kept by it."}
REQUIRED = (403, "consent.required")
# Inside the grid of the world's place, with digits that stand nowhere else.
POINT = {
    "latitude": round(SOUTH + 0.0057913, 7),
    "longitude": round(WEST + 0.0048271, 7),
    "coordinate_system": "gcj02",
}
EMPLOYER = "翠鸟机床厂"
# The place has a point of its own, and the units have borders: these are no person's.
IMPERSONAL = {"places", "unit_areas"}
Answer = tuple[int, str | None]
Deed = Callable[[World], Answer]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to keep data by a consent, beside those in `given`, which the person has before.

    `before` is the answer without the consent: a refusal, or a success that leaves the data out.
    `traces` stand in some table, in clear or sealed, exactly as long as the data are kept.
    """

    document: Document
    name: str
    deed: Deed
    traces: tuple[str, ...]
    before: Answer = REQUIRED
    given: tuple[Document, ...] = ()


def _answer(sent: TestResponse) -> Answer:
    body = sent.get_json(silent=True) or {}
    return sent.status_code, body.get("code") if sent.status_code >= 400 else None


def _me(**body: Any) -> Deed:
    def put(world: World) -> Answer:
        version = world.get(WHO, "/me").get_json()["version"]
        return _answer(world.call(WHO, "PUT", "/me", _filled(world, body), If_Match=f'"{version}"'))

    return put


def _post(path: str, who: str = WHO, **body: Any) -> Deed:
    def post(world: World) -> Answer:
        return _answer(world.post(who, path.format(**world.ids), **_filled(world, body)))

    return post


def _filled(world: World, body: dict[str, Any]) -> dict[str, Any]:
    return {key: value(world) if callable(value) else value for key, value in body.items()}


def _unit(world: World) -> int:
    return world.community.id


def _place(world: World) -> int:
    return world.place.id


def _later(deed: Deed, who: str, action: str, **body: Any) -> Deed:
    """An order that is placed so, and then an act of staff."""

    def act(world: World) -> Answer:
        placed, code = deed(world)
        if placed != 201:
            return placed, code
        order_id = session.scalar(sa.text("SELECT max(id) FROM orders"))
        return _post(f"/orders/{order_id}/{action}", who, **body)(world)

    return act


def _part(world: World) -> list[dict[str, Any]]:
    return [{"task": "看一看", "unit_id": world.community.id}]


def _by_staff(world: World) -> Answer:
    """A dispatcher enters the paper form of a person of the own unit."""
    session.get_one(Person, world.ids[WHO]).home_unit_id = world.community.id
    session.commit()
    try:
        do(
            report_to_unit,
            world.actor("dispatcher"),
            unit_id=world.community.id,
            kind=RegistrationKind.HOME,
            employer=EMPLOYER,
            person_id=world.ids[WHO],
        )
    except Refusal as refusal:
        return refusal.status, refusal.code
    return 201, None


def _joins(world: World) -> Answer:
    """A neighbour's matter of a public place, which the person has met too."""
    order = world.order("resident", category_id=world.categories["路灯楼道灯"])["id"]
    world.act("dispatcher", order, "dispatch", mode="pool")
    return _post(f"/orders/{order}/join", note="翠鸟路这边也是。")(world)


def _me_too(world: World) -> Answer:
    body = {"text": "停水", "until": "2099-01-01T09:00:00+08:00"}
    banner = world.post("dispatcher", "/banners", unit_id=_unit(world), **body).get_json()["id"]
    return _post(f"/banners/{banner}/me_too")(world)


def _uploads(world: World) -> Answer:
    assert world.client is not None
    return _answer(send(world.client, world.login(WHO), samples.jpeg()))


ORDER = {"description": "翠鸟路积水了。", "unit_id": _unit}
AT_POINT = _post("/orders", location=POINT, **ORDER)
# The order's own row has the point rounded, the sealed one is exact.
AT_THE_POINT = (
    f"orders.latitude={rounded(POINT['latitude'], POINT['longitude'])[0]}",
    f"order_contacts.point={point_text(POINT['latitude'], POINT['longitude'])}",
)
BUILDING = (f"orders.latitude={SOUTH + 0.005}",)
REPORT = {"unit_id": _unit, "kind": "work", "employer": EMPLOYER}
EMPLOYED = (f"registrations.employer={EMPLOYER}",)

WAYS = (
    Way(P, "name", _me(name="欧阳翠鸟"), ("person_details.name=欧阳翠鸟",)),
    Way(P, "address", _me(address="翠鸟巷七号"), ("person_details.address=翠鸟巷七号",)),
    Way(P, "home place", _me(home_place_id=_place), ("people.home_place_id={place}",)),
    Way(
        P,
        "phone",
        _post("/me/phone", code="demo-phone-13987654329"),
        ("person_details.phone=13987654329",),
    ),
    Way(
        P,
        "order with contact",
        _post("/orders", contact_name="上官翠鸟", contact_phone="13987654328", **ORDER),
        ("order_contacts.name=上官翠鸟", "order_contacts.phone=13987654328", "翠鸟路积水了"),
    ),
    Way(
        P,
        "order for another person",
        _post("/orders", on_behalf_of={"name": "上官翠鸟", "phone": "13987654328"}, **ORDER),
        (),
    ),
    Way(
        P,
        "emergency",
        _post("/orders", category_id=lambda world: world.categories["电梯困人"], **ORDER),
        ("翠鸟路积水了",),
    ),
    Way(P, "附议", _joins, ("order_followers.person_id={newcomer}", "翠鸟路这边也是")),
    Way(P, "我也是", _me_too, ("intake_banner_me_toos.person_id={newcomer}",)),
    Way(P, "upload", _uploads, ("files.uploader_id={newcomer}",)),
    Way(
        P,
        "registration as a volunteer",
        _post("/registrations", as_volunteer=True, **REPORT),
        EMPLOYED,
    ),
    Way(
        P,
        "registration as a member",
        _post("/registrations", **REPORT),
        EMPLOYED,
        given=(M,),
    ),
    Way(M, "registration", _post("/registrations", **REPORT), EMPLOYED, given=(P,)),
    Way(M, "registration by staff", _by_staff, EMPLOYED, given=(P,)),
    Way(E, "order at a point", AT_POINT, AT_THE_POINT, (201, None), (P,)),
    Way(
        E,
        "order at a point, for another person",
        _post("/orders", location=POINT, on_behalf_of={"name": "上官翠鸟"}, **ORDER),
        AT_THE_POINT,
        (201, None),
        (P,),
    ),
    Way(
        E,
        "order at a place of the list",
        _post("/orders", description="灯坏了。", place_id=_place),
        BUILDING,
        (201, None),
        (P,),
    ),
    Way(
        E,
        "place that staff correct",
        _later(
            _post("/orders", **ORDER), "dispatcher", "amend", reason="居民来电", place_id=_place
        ),
        BUILDING,
        (200, None),
        (P,),
    ),
    Way(
        E,
        "part of an order",
        _later(AT_POINT, "dispatcher", "split", parts=_part),
        AT_THE_POINT,
        (200, None),
        (P,),
    ),
    Way(
        E,
        "closed order",
        _later(AT_POINT, WHO, "cancel", reason="自己退了水"),
        AT_THE_POINT,
        (200, None),
        (P,),
    ),
    Way(
        G,
        "reasons",
        _post("/people/{newcomer}/green", "dispatcher", reasons=["disabled"]),
        ("person_details.green_reasons=disabled", "people.green=True"),
        (422, "green.consent_needed"),
        (P,),
    ),
)


def everything() -> str:
    """Each value of each table as `table.column=value`, sealed ones in clear too."""
    lines = [
        f"{table.name}.{column}={value}"
        for table in db.metadata.sorted_tables
        if table.name not in IMPERSONAL
        for row in session.execute(sa.select(table)).mappings()
        for column, value in row.items()
    ]
    return "\n".join(lines + [f"{name}={one}" for name, some in opened().items() for one in some])


@pytest.fixture
def newcomer(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """With somebody who has agreed to nothing yet; of a unit, so that its staff see the person."""
    person = do(create_person, SYSTEM, kind=PersonKind.RESIDENT, home_unit_id=world.community.id)
    monkeypatch.setitem(world.ids, WHO, person.id)
    return world


def found(world: World, way: Way) -> set[bool]:
    """Which of the traces stand in the tables: all, none, or some of them."""
    text = everything()
    return {
        trace.format(place=world.place.id, newcomer=world.ids[WHO]) in text for trace in way.traces
    }


def withdraw(world: World, document: Document) -> Answer:
    return _post("/me/consents", document=document, version=1, granted=False)(world)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.document}: {way.name}")
def test_only_with_consent(newcomer: World, way: Way) -> None:
    """Left out before, kept after, gone after the withdrawal, and left out again."""
    agree(newcomer.ids[WHO], *way.given)
    assert way.deed(newcomer) == way.before
    assert found(newcomer, way) <= {False}
    agree(newcomer.ids[WHO], way.document)
    assert way.deed(newcomer)[0] in (200, 201)
    assert found(newcomer, way) <= {True}
    assert withdraw(newcomer, way.document) == (201, None)
    assert found(newcomer, way) <= {False}
    if way.document is not P:
        assert way.deed(newcomer) == way.before
        assert found(newcomer, way) <= {False}


def test_a_written_no_holds_against_the_desk(newcomer: World) -> None:
    """Staff keep a caller's point on the caller's word, but not against an answer that is no."""
    agree(newcomer.ids[WHO], P)
    entered = _post(
        "/orders",
        "dispatcher",
        location=POINT,
        on_behalf_of={"person_id": newcomer.ids[WHO]},
        **ORDER,
    )
    assert withdraw(newcomer, E) == (201, None)
    assert entered(newcomer) == (201, None)
    assert not any(trace in everything() for trace in AT_THE_POINT)
    agree(newcomer.ids[WHO], E)
    assert entered(newcomer) == (201, None)
    assert all(trace in everything() for trace in AT_THE_POINT)


def test_every_document_covers_something() -> None:
    """A document that covers nothing says so, with its reason."""
    covered = {way.document for way in WAYS}
    assert covered.isdisjoint(NOTHING_KEPT)
    assert covered | set(NOTHING_KEPT) == set(Document)
