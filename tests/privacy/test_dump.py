"""No name, phone or home stands anywhere in clear, and of the erased no word or picture is left."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select, text

from app.demo.population import people
from app.files.models import File
from app.identity.states import CURRENT_VERSIONS, Document
from app.kernel.database import is_sqlite, session, transaction
from app.orders.ticket.models import OrderContact
from app.organisation.models import Unit
from tests.privacy.conftest import Kept
from tests.privacy.dump import LOG, leaks, opened

pytestmark = pytest.mark.slow
# Sealed, but neither names, phones nor addresses: a workplace may stand in a notice of the demo.
OF_ANOTHER_KIND = {"registrations.employer", "person_details.green_reasons"}
Kind = dict[str, set[str]]


@pytest.fixture
def inside(kept: Kept) -> Iterator[Kept]:
    """With the app at hand."""
    with kept.app.app_context():
        yield kept


def personal() -> set[str]:
    """All that is sealed about people, and all that the demo knows of them."""
    found = {
        value
        for name, values in opened().items()
        if name not in OF_ANOTHER_KIND
        for value in values
    }
    for plan in people().values():
        found |= {plan.name, plan.phone, *([str(plan.home)] if plan.home else [])}
    return found


def test_everything_sealed_is_known(inside: Kept) -> None:
    """What the next test looks for is really what there is."""
    sealed = opened()
    assert {"person_details.name", "person_details.phone", "person_details.address"} <= set(sealed)
    assert {"order_contacts.name", "order_contacts.phone", "order_contacts.address"} <= set(sealed)
    assert len(sealed["person_details.phone"]) >= 380
    with transaction(writing=False):
        contacts = session.scalar(select(func.count()).where(OrderContact.phone.is_not(None))) or 0
    assert contacts > 300
    assert all(plan.phone in sealed["person_details.phone"] for plan in people().values())
    assert len(personal()) > 1200


def test_nothing_personal_is_kept_in_clear(inside: Kept) -> None:
    """Neither in the database and its log, as they lie there, nor in the logs of web server and jobs."""
    parts = inside.dump()
    assert {"server.log", "jobs.log", "rows"} <= set(parts)
    # What the journey has said is there, so the dump is one.
    assert "换好了新灯泡".encode() in parts["rows"]
    assert b"job.done" in parts["jobs.log"]
    assert leaks(personal(), parts) == []


@pytest.mark.parametrize("form", ["as it is", "as JSON", "between other words", "twice escaped"])
def test_a_leak_is_found(inside: Kept, form: str) -> None:
    """One clear name or phone in one column of one row, and the search names it."""
    plan = people()["resident:7"]
    planted = {
        "as it is": plan.phone,
        "as JSON": json.dumps({"contact": plan.name}),
        "between other words": f"请联系{plan.name}，电话{plan.phone}。",
        "twice escaped": json.dumps(json.dumps([plan.name])),
    }[form]
    with transaction():
        kept = session.execute(text("SELECT id, task FROM orders ORDER BY id LIMIT 1")).one()
        session.execute(
            text("UPDATE orders SET task = :task WHERE id = :id"), {"task": planted, "id": kept.id}
        )
    try:
        places = {place for _, place in leaks([plan.name, plan.phone], inside.dump())}
        assert "rows" in places
        if is_sqlite():
            assert places & {"sandan.db", "sandan.db-wal"}
        else:
            assert "pg_dump" in places
    finally:
        with transaction():
            session.execute(
                text("UPDATE orders SET task = :task WHERE id = :id"),
                {"task": kept.task, "id": kept.id},
            )
        inside.run_jobs()
    assert leaks([plan.name, plan.phone], living(inside.dump())) == []


def living(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Without PostgreSQL's log, which keeps what was written until it is used up."""
    return {name: content for name, content in parts.items() if not name.startswith(LOG)}


class Visitor:
    """Somebody who uses the API of the demo."""

    def __init__(self, client: FlaskClient, path: str, **log_in: str) -> None:
        self.client = client
        self.headers: dict[str, str] = {}
        self.number = 0
        entered = self.post(f"/sessions/{path}", **log_in)
        self.headers = {"Authorization": f"Bearer {entered['access_token']}"}
        self.id = int(entered["person"]["id"])

    def send(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """One request that must succeed; each POST under a key of its own."""
        self.number += 1
        headers = self.headers | more.pop("headers", {})
        headers["Idempotency-Key"] = f"privacy-{id(self)}-{self.number}"
        answer = self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)
        assert answer.status_code < 300, (path, answer.json)
        return dict(answer.json or {}) if answer.get_data() else {}

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """A POST."""
        return self.send("POST", path, json=body)

    def picture(self, colour: str) -> int:
        """An upload; its id."""
        drawn = io.BytesIO()
        Image.effect_noise((320, 240), 90).convert("RGB").save(drawn, "JPEG")
        named = {"file": (io.BytesIO(drawn.getvalue()), f"{colour}.jpg")}
        return int(self.send("POST", "/files", data=named)["id"])

    def agree(self, *documents: Document) -> None:
        """Consents, as the phone asks for them."""
        for document in documents:
            body = {"document": document, "version": CURRENT_VERSIONS[document], "granted": True}
            self.post("/me/consents", **body)


RESIDENT = {
    "description": "门前的蓝孔雀雕像歪了，请扶正。",
    "contact_name": "欧阳蓝孔雀",
    "contact_phone": "13987650421",
    "address": "蓝孔雀巷四百二十一号后门",
    "answer": "蓝孔雀朝南的那一座。",
    "comment": "蓝孔雀旁边还有一块松动的砖。",
    "rating": "蓝孔雀扶正了，谢谢各位。",
    "second": "蓝孔雀脚下的地灯不亮。",
    "cancel": "蓝孔雀地灯自己亮了。",
    "urge": "蓝孔雀还歪着呢。",
    "home": "蓝孔雀巷七号",
    "name": "欧阳孔雀",
}
MEMBER = {
    "progress": "看过了，银鲤鱼扳手不够大，明天带大的来。",
    "complete": "用银鲤鱼扳手拧紧了底座。",
    "comment": "银鲤鱼扳手借给邻居了。",
    "return": "银鲤鱼扳手找不到，先退回。",
    "employer": "银鲤鱼工具厂",
    "name": "司徒鲤鱼",
}


@pytest.fixture
def client(kept: Kept) -> FlaskClient:
    """Asks the app directly, in the served demo's database."""
    return kept.app.test_client()


def test_of_the_erased_nothing_is_left(kept: Kept, client: FlaskClient) -> None:
    """Orders, pictures, comments, ratings: said, seen in the dump, erased, and seen nowhere."""
    resident, member, names = lived(kept, client)
    words = [*RESIDENT.values(), *MEMBER.values()]
    with kept.app.app_context():
        before = kept.dump()
        clear = {"contact_name", "contact_phone", "address", "home", "name"}
        said = [text for key, text in RESIDENT.items() if key not in clear]
        said += [text for key, text in MEMBER.items() if key not in {"employer", "name"}]
        # The search sees each of these words, and none of what is sealed.
        assert {word for word, _ in leaks(words, {"rows": before["rows"]})} == set(said)
        stored = [name for name in before if any(part in name for part in names)]
        assert len(stored) == 2 * len(names)
        pictures = [before[name] for name in stored]
    for leaving in (resident, member):
        leaving.send("DELETE", "/me")
    with kept.app.app_context():
        kept.run_jobs()
        after = living(kept.dump())
        assert leaks([*words, *names], after) == []
        assert not [name for name, content in after.items() if any(p in content for p in pictures)]
        verified = kept.app.test_cli_runner().invoke(args=["orders", "verify-history"])
    assert verified.exit_code == 0, verified.output
    assert "，0 张有问题" in verified.output
    assert "，0 行的内容" not in verified.output


def lived(kept: Kept, client: FlaskClient) -> tuple[Visitor, Visitor, list[str]]:
    """A resident's orders and a member's work on one; the two, and the names of their pictures."""
    with kept.app.app_context(), transaction(writing=False):
        unit = session.scalars(select(Unit.id).where(Unit.code == "demo-community-0")).one()
    resident = Visitor(client, "wechat", code="demo-newcomer-421")
    member = Visitor(client, "wechat", code="demo-newcomer-422")
    desk = Visitor(client, "password", username="dispatcher-1", password="sandan-demo")
    leader = Visitor(client, "password", username="leader-1", password="sandan-demo")
    for who, words in ((resident, RESIDENT), (member, MEMBER)):
        who.agree(Document.PRIVACY, Document.SERVICE_TERMS)
        version = str(who.send("GET", "/me")["version"])
        own = {"name": words["name"], "address": words.get("home"), "home_unit_id": unit}
        who.send("PUT", "/me", json=own, headers={"If-Match": f'"{version}"'})
    resident.post("/me/phone", code=f"demo-phone-{RESIDENT['contact_phone']}")
    member.agree(Document.PARTY_MEMBERSHIP)
    reported = member.post(
        "/registrations", unit_id=unit, kind="home", skills=[], employer=MEMBER["employer"]
    )
    leader.post(f"/registrations/{reported['id']}/approve")

    order = resident.post(
        "/orders",
        description=RESIDENT["description"],
        unit_id=unit,
        contact_name=RESIDENT["contact_name"],
        contact_phone=RESIDENT["contact_phone"],
        location={
            "latitude": 36.65,
            "longitude": 117.12,
            "coordinate_system": "gcj02",
            "address": RESIDENT["address"],
        },
        photo_ids=[resident.picture("one"), resident.picture("two")],
    )["id"]
    desk.post(f"/orders/{order}/ask", note="请问是哪一座？")
    resident.post(f"/orders/{order}/answer", note=RESIDENT["answer"])
    desk.post(f"/orders/{order}/dispatch", mode="pool", task="扶正雕像")
    member.post(f"/orders/{order}/claim")
    resident.post(f"/orders/{order}/urge", note=RESIDENT["urge"])
    member.post(f"/orders/{order}/return", reason=MEMBER["return"])
    member.post(f"/orders/{order}/claim")
    member.post(f"/orders/{order}/start")
    member.post(
        f"/orders/{order}/progress", note=MEMBER["progress"], photo_ids=[member.picture("three")]
    )
    resident.post(
        f"/orders/{order}/comments", note=RESIDENT["comment"], photo_ids=[resident.picture("four")]
    )
    member.post(f"/orders/{order}/comments", note=MEMBER["comment"])
    member.post(
        f"/orders/{order}/complete", note=MEMBER["complete"], photo_ids=[member.picture("five")]
    )
    resident.post(f"/orders/{order}/rate", solved=True, stars=5, comment=RESIDENT["rating"])
    second = resident.post("/orders", description=RESIDENT["second"], unit_id=unit)["id"]
    resident.post(f"/orders/{second}/cancel", reason=RESIDENT["cancel"])
    resident.picture("never used")
    kept.run_jobs()
    with kept.app.app_context(), transaction(writing=False):
        mine = select(File.name).where(File.uploader_id.in_([resident.id, member.id]))
        names = list(session.scalars(mine))
    assert len(names) == 6
    return resident, member, names
