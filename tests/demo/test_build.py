"""The built demo: counts, log-ins, histories that verify, and nothing personal in clear."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase
from werkzeug.test import TestResponse

from app import create_app
from app.categories.models import Category
from app.demo import build
from app.demo.population import people
from app.files.models import File
from app.identity.models import WechatAccount
from app.identity.queries import has_consent, openid_index
from app.identity.states import Document
from app.kernel.database import db, session, transaction
from app.kernel.http import App
from app.notifications.models import OutboxMessage
from app.orders.record.verifying import verify_histories
from app.orders.ticket.models import Order, OrderContact, OrderEvent, OrderSearch
from app.orders.ticket.states import ACTIVE, OrderStatus
from app.orders.views.searching import with_words
from app.organisation.models import Place, Unit
from app.organisation.queries import locate
from app.people.models import Person, Registration
from app.wechat.sandbox import openid_for
from tests.conftest import settings_for
from tests.demo_data import demo_database, let_go

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(database: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the demo in it."""
    os.environ.pop("CLOCK_FILE", None)
    with demo_database(database, folder, tmp_path_factory) as url:
        app = create_app(settings_for(url, folder))
        app.testing = True
        yield app
        let_go(app)


@pytest.fixture
def reading(demo: App) -> Iterator[None]:
    """A transaction that only looks."""
    with demo.app_context(), transaction(writing=False):
        yield


def rows(model: type[DeclarativeBase], *where: Any) -> int:
    """How many rows of the table there are."""
    return int(session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


@pytest.mark.usefixtures("reading")
def test_everything_is_there() -> None:
    kinds = dict(session.execute(select(Unit.kind, func.count()).group_by(Unit.kind)).all())
    assert kinds == {
        "district": 1, "street": 2, "community": 6, "grid": 24, "building_group": 24, "household": 24,
    }  # fmt: skip
    assert rows(Place, Place.kind == "estate") == 18
    assert rows(Place, Place.kind == "room") > 380
    assert rows(Person, Person.kind == "resident") == 300
    assert rows(Person, Person.kind.in_(("member", "volunteer"))) == 80
    assert rows(Registration, Registration.status == "approved") > 75
    assert rows(Registration, Registration.status == "pending") >= 5
    assert rows(Registration, Registration.status == "declined") >= 2
    assert rows(Order) == 600
    assert rows(File, File.subject_kind == "order") == rows(File) > 15


@pytest.mark.usefixtures("reading")
def test_every_state_and_every_leaf() -> None:
    states = set(session.scalars(select(Order.status).distinct()))
    assert states == set(OrderStatus)
    used = set(session.scalars(select(Order.category_id).distinct()))
    leaves = set(session.scalars(select(Category.id).where(Category.parent_id.is_not(None))))
    assert used == leaves


@pytest.mark.usefixtures("reading")
def test_histories_verify() -> None:
    verdicts = verify_histories(None)
    assert len(verdicts) == 600
    assert not [verdict for verdict in verdicts if verdict.broken or verdict.erased]


@pytest.mark.usefixtures("reading")
def test_orders_stand_as_their_histories_say() -> None:
    ends = select(Order, OrderEvent).join(OrderEvent, OrderEvent.order_id == Order.id)
    last = session.execute(ends.where(OrderEvent.seq == Order.version)).all()
    assert len(last) == 600
    for order, event in last:
        assert order.status is event.to_status
        held = order.holder_id is not None or order.provider_id is not None
        assert held or not order.is_held
        assert (order.merged_into_id is not None) == (order.status is OrderStatus.MERGED)
        assert not order.is_open or order.status is OrderStatus.SUBMITTED or order.due_at


@pytest.mark.usefixtures("reading")
def test_points_lie_in_the_grid_of_their_order() -> None:
    for order in session.scalars(select(Order).where(Order.latitude.is_not(None)).limit(100)):
        found = locate(order.latitude or 0, order.longitude or 0)
        assert found is not None
        assert found.grid is not None
        assert found.grid.id == order.grid_id
        assert order.handling_path.startswith(found.community.path)


@pytest.mark.usefixtures("reading")
def test_every_order_is_found_by_its_words() -> None:
    said = dict(session.execute(select(Order.id, Order.description)).all())
    assert rows(OrderSearch) == len(said) == 600
    wanted = {order_id for order_id, text in said.items() if text and "电梯" in text}
    assert len(wanted) > 5
    assert set(session.scalars(with_words("电梯"))) == wanted


@pytest.mark.usefixtures("reading")
def test_the_past_tells_nobody() -> None:
    assert rows(OutboxMessage) == 0


def body_of(answer: TestResponse) -> dict[str, Any]:
    """The JSON object that was answered."""
    body = answer.get_json()
    assert isinstance(body, dict)
    return body


def log_in(demo: App, path: str, **body: str) -> dict[str, str]:
    client = demo.test_client()
    answer = client.post(f"/api/v1/sessions/{path}", json=body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return {"Authorization": f"Bearer {body_of(answer)['access_token']}"}


@pytest.mark.parametrize(
    "username",
    [
        "dispatcher-1",
        "leader-1",
        "dispatcher-2",
        "street-1",
        "district-1",
        "admin",
        "duty-1",
        "grid-1",
    ],
)
def test_staff_log_in_and_need_not_change_the_password(demo: App, username: str) -> None:
    headers = log_in(demo, "password", username=username, password="sandan-demo")
    client = demo.test_client()
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    listed = client.get("/api/v1/orders?limit=5", headers=headers)
    assert listed.status_code == 200
    assert body_of(listed)["items"] or username == "admin"


def test_the_loop_can_be_followed_in_the_first_community(demo: App) -> None:
    client = demo.test_client()
    resident = log_in(demo, "wechat", code="demo-resident-1")
    member = log_in(demo, "wechat", code="demo-member-6")
    dispatcher = log_in(demo, "password", username="dispatcher-1", password="sandan-demo")
    with demo.app_context(), transaction(writing=False):
        lamps = session.scalars(select(Category.id).where(Category.name == "路灯楼道灯")).one()
    body = {"description": "楼道灯又坏了。", "category_id": lamps}
    keyed = resident | {"Idempotency-Key": "demo-loop-1"}
    placed = client.post("/api/v1/orders", json=body, headers=keyed)
    assert placed.status_code == 201, placed.get_data(as_text=True)
    here = f"/api/v1/orders/{body_of(placed)['id']}"
    given = client.post(f"{here}/dispatch", json={"mode": "pool"}, headers=dispatcher)
    assert given.status_code == 200, given.get_data(as_text=True)
    claimed = client.post(f"{here}/claim", json={}, headers=member)
    assert claimed.status_code == 200, claimed.get_data(as_text=True)


@pytest.mark.usefixtures("reading")
def test_the_first_ten_members_can_claim_and_all_residents_have_agreed() -> None:
    first = session.scalars(select(Unit.id).where(Unit.code == "demo-community-0")).one()
    approved = set(
        session.scalars(
            select(Registration.person_id).where(
                Registration.unit_id == first, Registration.status == "approved"
            )
        )
    )
    members = [person_of(f"demo-member-{number}") for number in range(1, 11)]
    assert set(members) <= approved
    for member in members:
        assert rows(Order, Order.holder_id == member, Order.status.in_(ACTIVE)) <= 2
    assert all(
        has_consent(person_of(f"demo-resident-{number}"), Document.PRIVACY)
        for number in (1, 50, 51, 300)
    )


def person_of(code: str) -> int:
    """Whose WeChat it is."""
    key = openid_index(openid_for(code))
    found = session.scalars(
        select(WechatAccount.person_id).where(WechatAccount.openid_index == key)
    )
    return found.one()


@pytest.mark.usefixtures("reading")
def test_names_phones_and_addresses_are_sealed_but_can_be_read() -> None:
    contact = session.scalars(select(OrderContact).where(OrderContact.address.is_not(None))).first()
    assert contact is not None
    assert not {contact.name, contact.phone} & {plan.name for plan in people().values()}


def test_nothing_personal_stands_in_any_table(demo: App, database: str, folder: Path) -> None:
    raw = stored_bytes(folder) if database == "sqlite" else stored_rows(demo)
    assert "楼道".encode() in raw
    for plan in people().values():
        assert plan.name.encode() not in raw, plan.key
        assert plan.phone.encode() not in raw, plan.key
        assert plan.home is None or f"{plan.home}".encode() not in raw, plan.key


def stored_bytes(folder: Path) -> bytes:
    """SQLite's file with its write-ahead log."""
    return b"".join(part.read_bytes() for part in folder.glob("sandan.db*"))


def stored_rows(demo: App) -> bytes:
    """Every value of every table, as text."""
    with demo.app_context(), transaction(writing=False):
        return "\n".join(
            str(row)
            for table in db.metadata.sorted_tables
            for row in session.execute(select(table))
        ).encode()


def test_a_second_time_adds_nothing(demo: App) -> None:
    with demo.app_context():
        with transaction(writing=False):
            before = (rows(Order), rows(Person), rows(OrderEvent))
        assert not build.build()
        assert demo.test_cli_runner().invoke(args=["demo", "--once"]).exit_code == 0
        with transaction(writing=False):
            assert (rows(Order), rows(Person), rows(OrderEvent)) == before
