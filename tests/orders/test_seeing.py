"""Who sees an order, how much of it, what it offers to do, and what is opened on purpose."""

from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.audit import AuditRow
from app.kernel.database import db, session
from app.orders.access.policy import POLICY
from app.orders.ticket.states import Action, OrderStatus
from tests.orders.rows import file_of, later, refused, refused_and_audited
from tests.orders.stages import DEEDS, STAGES, claimed, completed, submitted
from tests.orders.stories import code_of, events_for, read
from tests.world import SOUTH, WEST, World

pytestmark = pytest.mark.slow

STAFF = {"grid", "duty", "dispatcher", "leader", "street", "district"}
OTHERS = {
    "resident2",
    "member2",
    "volunteer",
    "other_resident",
    "other_member",
    "other_grid",
    "other_dispatcher",
    "other_leader",
    "admin",
}
POINT = {
    "latitude": SOUTH + 0.00321,
    "longitude": WEST + 0.00456,
    "coordinate_system": "gcj02",
    "address": "3号楼2单元501室",
}


def _seers(world: World, order_id: int) -> set[str]:
    """Who finds it; to all others it is as a missing one, and not in their lists."""
    found = set()
    for who in world.ids:
        answer = world.get(who, f"/orders/{order_id}")
        listed = [o["id"] for o in world.get(who, "/orders?limit=100").get_json()["items"]]
        assert (order_id in listed) is (answer.status_code == 200), who
        if answer.status_code == 200:
            found.add(who)
            continue
        missing = world.get(who, "/orders/999999").get_json() | {"request_id": ""}
        assert answer.get_json() | {"request_id": ""} == missing
    return found


def test_who_sees_it_by_stage(world: World) -> None:
    """Requester and staff always; members in the pool, then the holder alone."""
    order_id = submitted(world)
    assert _seers(world, order_id) == STAFF | {"resident"}
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    assert _seers(world, order_id) == STAFF | {"resident", "member", "member2", "volunteer"}
    world.act("member", order_id, "claim")
    assert _seers(world, order_id) == STAFF | {"resident", "member"}


def test_confidential_ones_are_for_few(world: World) -> None:
    """Dispatcher and above; neither grid worker nor duty person, and neither is told."""
    order_id = int(world.order(category_id=world.categories["反诈与可疑推销"])["id"])
    assert _seers(world, order_id) == {"resident", "dispatcher", "leader", "street", "district"}


def test_a_confidential_emergency_can_be_answered(world: World) -> None:
    """Whoever is paged sees it and signs for it."""
    order_id = int(world.order(category_id=world.categories["老人儿童走失"])["id"])
    assert world.act("duty", order_id, "acknowledge")["acknowledged_at"] is not None
    assert world.get("grid", f"/orders/{order_id}").status_code == 404


def test_foreign_is_missing_for_every_action(world: World) -> None:
    """Whatever is asked of it."""
    order_id = submitted(world)
    for action, deed in DEEDS.items():
        body = deed.body(world)
        wanted = code_of(world, "other_resident", 999_999, action.value, **body)
        assert code_of(world, "other_resident", order_id, action.value, **body) == wanted
        assert wanted == (404, "not_found"), action
    for path in ("events",):
        assert world.get("other_resident", f"/orders/{order_id}/{path}").status_code == 404


def test_reading_needs_a_log_in_and_is_not_stored(world: World) -> None:
    """401 without, no-store with; the ETag is the version."""
    order_id = submitted(world)
    for path in ("", f"/{order_id}", f"/{order_id}/events", "/changes?unit_id=1"):
        assert world.get(None, f"/orders{path}").status_code == 401
    answer = world.get("resident", f"/orders/{order_id}")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["ETag"] == '"1"'


def test_names_and_phones_are_masked_for_everybody(world: World) -> None:
    """In no answer stands a name or phone in clear."""
    order_id = int(
        world.order(contact_name="王小明", contact_phone="13812345678", location=POINT)["id"]
    )
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("member", order_id, "claim")
    for who in ("resident", "member", "grid", "dispatcher", "leader", "street"):
        for path in (f"/orders/{order_id}", "/orders", f"/orders/{order_id}/events"):
            text = world.get(who, path).get_data(as_text=True)
            for secret in ("王小明", "13812345678", "测resident", "测member", "501室"):
                assert secret not in text, (who, path)
    assert read(world, "member", f"/orders/{order_id}")["contact"] == {
        "name": "王**",
        "phone": "138****5678",
    }


def test_the_place_is_rounded_until_it_may_be_known(world: World) -> None:
    """The pool sees about where; the handler and revealing staff exactly; the grid worker not."""
    order_id = int(world.order(location=POINT, place_id=world.place.id)["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    exact = (POINT["latitude"], POINT["longitude"])

    def point(who: str) -> tuple[float, float]:
        order = read(world, who, f"/orders/{order_id}")
        assert (order["place"] is not None) is (order["location"]["latitude"] == exact[0])
        assert order["grid"]["id"] == world.grid.id
        return order["location"]["latitude"], order["location"]["longitude"]

    rounded = (36.0, 117.0)
    assert point("member") == point("grid") == rounded
    assert point("resident") == point("dispatcher") == exact
    assert read(world, "member", f"/orders/{order_id}")["contact"] is None
    world.act("member", order_id, "claim")
    assert point("member") == exact
    world.act("member", order_id, "complete", note="办好了。")
    assert point("member") == exact
    world.act("resident", order_id, "rate", solved=True)
    assert point("member") == rounded


def test_anonymous_the_dispatcher_alone_knows_who(world: World) -> None:
    """Neither handler nor grid worker nor duty person, nor in the history, nor by phone."""
    body: dict[str, Any] = {"anonymous": True, "contact_phone": "13812345678"}
    order_id = int(world.order(**body)["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("member", order_id, "claim")
    for who, known in (
        ("resident", True),
        ("dispatcher", True),
        ("duty", False),
        ("member", False),
        ("grid", False),
    ):
        order = read(world, who, f"/orders/{order_id}")
        assert order["anonymous"]
        assert (order["requester"] is not None, order["contact"] is not None) == (known, known), who
        first = events_for(world, who, order_id)[0]
        assert (first["actor"] is not None) is known
        by_phone = world.get(who, "/orders?q=13812345678").get_json()["items"]
        assert bool(by_phone) is (known and who != "resident")
    for who in ("member", "grid", "duty"):
        sent = refused_and_audited(
            world, who, f"/orders/{order_id}/reveal", fields=["contact"], reason="联系居民"
        )
        assert sent == (403, "order.not_allowed")


def test_unchecked_words_and_pictures(world: World) -> None:
    """Staff see them at once, marked; members only what has passed."""
    photo_id = file_of(world, "resident")
    order_id = int(world.order(photo_ids=[photo_id])["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    for state, shown in (("pending", False), ("held", False), ("refused", False), ("passed", True)):
        world.act("dispatcher", order_id, "check_content", state=state)
        for who in ("dispatcher", "grid", "resident"):
            order = read(world, who, f"/orders/{order_id}")
            assert order["description"] and order["photos"]
            assert ("content_unchecked" in order["flags"]) is (state == "pending")
        order = read(world, "member", f"/orders/{order_id}")
        assert (order["description"] is not None, bool(order["photos"])) == (shown, shown)
        note = events_for(world, "member", order_id)[0]["note"]
        assert (note is not None) is shown


def test_internal_words_are_for_staff_and_handler(world: World) -> None:
    """The requester reads what is visible, and no details."""
    order_id = claimed(world)
    world.act("dispatcher", order_id, "comments", note="只给办理的人看。", visible=False)
    world.act("dispatcher", order_id, "comments", note="大家都能看。", visible=True)
    for who, wanted in (("dispatcher", 2), ("grid", 2), ("member", 2), ("resident", 1)):
        notes = [e["note"] for e in events_for(world, who, order_id) if e["action"] == "comments"]
        assert len(notes) == wanted, who
    assert all(event["details"] == {} for event in events_for(world, "resident", order_id))
    assert any(event["details"] for event in events_for(world, "dispatcher", order_id))


def test_the_code_is_for_the_requester_alone(world: World) -> None:
    """While somebody holds it."""
    order_id = claimed(world)
    code = read(world, "resident", f"/orders/{order_id}")["visit_code"]
    assert code is not None
    for who in ("member", "dispatcher", "leader", "grid"):
        assert read(world, who, f"/orders/{order_id}")["visit_code"] is None
    world.act("member", order_id, "complete", note="办好了。")
    assert read(world, "resident", f"/orders/{order_id}")["visit_code"] is None


def _audit(order_id: int) -> list[tuple[str, int | None, list[str], str]]:
    found = select(AuditRow).where(
        AuditRow.subject_kind == "order", AuditRow.subject_id == order_id
    )
    return [
        (row.action, row.actor_id, list(row.fields), row.reason)
        for row in session.scalars(found.order_by(AuditRow.id))
    ]


def test_reveal_opens_what_is_asked_for_and_is_audited(world: World) -> None:
    """One row a field, with the reason; the rest stays shut."""
    body: dict[str, Any] = {
        "contact_name": "王小明",
        "contact_phone": "13812345678",
        "location": POINT,
    }
    order_id = int(world.order(**body)["id"])
    path = f"/orders/{order_id}/reveal"
    answer = world.post("dispatcher", path, fields=["contact"], reason="电话核实")
    assert answer.get_json() == {
        "contact": {"name": "王小明", "phone": "13812345678"},
        "location": None,
    }
    me = world.ids["dispatcher"]
    assert _audit(order_id) == [("order.revealed", me, ["contact"], "电话核实")]
    answer = world.post("duty", path, fields=["location", "contact"], reason="派人上门")
    assert answer.get_json()["location"] == POINT
    assert [row[2] for row in _audit(order_id)] == [["contact"], ["location"], ["contact"]]
    for bad in ({"fields": ["contact"]}, {"fields": [], "reason": "看"}, {"fields": ["name"]}):
        assert refused(world, "dispatcher", path, **bad) == (422, "body.invalid")


def test_reveal_is_the_handlers_from_claim_to_close(world: World) -> None:
    """Not before and not after; refusals are audited too; foreign ones are missing and leave none."""
    order_id = submitted(world)
    path = f"/orders/{order_id}/reveal"
    body: dict[str, Any] = {"fields": ["contact"], "reason": "联系居民"}
    assert refused(world, "member", path, **body) == (404, "not_found")
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    for who in ("member", "grid", "resident"):
        assert refused_and_audited(world, who, path, **body) == (403, "order.not_allowed")
        denied = ("order.reveal_denied", world.ids[who], ["contact"], "联系居民")
        assert _audit(order_id)[-1] == denied
    world.act("member", order_id, "claim")
    assert world.post("member", path, **body).status_code == 200
    world.act("member", order_id, "suspend", reason="等配件", until=later(days=1))
    assert world.post("member", path, **body).status_code == 200
    world.act("member", order_id, "resume")
    world.act("member", order_id, "complete", note="办好了。")
    assert world.post("member", path, **body).status_code == 200
    world.act("resident", order_id, "rate", solved=True, satisfied=False)
    assert refused_and_audited(world, "member", path, **body) == (403, "order.not_allowed")
    # The follow-up call still needs the phone.
    assert world.post("dispatcher", path, **body).status_code == 200


def test_who_gave_it_back_opens_nothing(world: World) -> None:
    """Though he or she still sees the order."""
    order_id = claimed(world)
    world.act("member", order_id, "return", reason="家里有急事")
    sent = refused_and_audited(
        world, "member", f"/orders/{order_id}/reveal", fields=["contact"], reason="再问问"
    )
    assert sent == (403, "order.not_allowed")


@pytest.mark.slow
@pytest.mark.parametrize("status", OrderStatus)
def test_actions_are_what_succeeds(world: World, status: OrderStatus) -> None:
    """What is listed is not refused for who asks or for the state; what is not listed is."""
    world.lift_caps()
    order_id = STAGES[status](world)
    wrong = []
    for who in ("resident", "member", "dispatcher", "leader"):
        answer = world.get(who, f"/orders/{order_id}")
        if answer.status_code != 200:
            continue
        listed = set(answer.get_json()["actions"])
        assert listed <= {action.value for action in POLICY}
        for action in DEEDS:
            code = _tried(world, who, order_id, action)
            if (action.value in listed) is (code in REFUSALS):
                wrong.append((who, action.value, code))
    assert not wrong


def _tried(world: World, who: str, order_id: int, action: Action) -> str:
    """With which code the action is answered; then it is as if it had not been tried."""
    session.commit()
    connection: Any = db.engines[None]
    before = connection.begin_nested()
    body = DEEDS[action].body(world)
    code = code_of(world, who, order_id, action.value, **body)[1]
    session.remove()
    before.rollback()
    return code


REFUSALS = {
    "not_found",
    "order.not_allowed",
    "order.action_not_allowed",
    "order.already_acknowledged",
    "order.already_claimed",
    "order.nothing_to_decide",
    "order.nothing_asked",
    "order.not_appointed",
    "order.nothing_to_confirm",
    "order.parts_open",
    "order.skill_missing",
    "order.already_joined",
    "order.request_pending",
}


def test_flags(world: World) -> None:
    """Asked for more, answered: what is open stands in the flags."""
    order_id = submitted(world)
    order = world.act("dispatcher", order_id, "ask", note="请问是哪一层？")
    assert "asked" in order["flags"]
    assert "answer" in read(world, "resident", f"/orders/{order_id}")["actions"]
    order = world.act("resident", order_id, "answer", note="三楼。")
    assert "asked" not in order["flags"]
    assert "content_unchecked" in order["flags"]
    assert completed(world)
