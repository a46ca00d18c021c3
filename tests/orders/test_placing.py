"""下单: who places where, for whom, how often, and who is told."""

import pytest
from sqlalchemy import select

from app.kernel.clock import now
from app.kernel.database import session
from app.notifications.models import OutboxMessage
from app.orders.ticket.models import Order, OrderContact
from app.organisation.geometry import to_gcj02
from app.people.models import Person
from app.people.service import create_person, grant_role, limit_person
from app.people.states import PersonKind
from tests.conftest import Clock
from tests.orders.rows import heard, local_morning, refused, rows
from tests.orders.stories import actions_of, do, order_of, told
from tests.world import SOUTH, SYSTEM, WEST, World

LIFT = "电梯困人"
COMPLAINT = "投诉工作人员"
INSIDE = {"latitude": SOUTH + 0.005, "longitude": WEST + 0.005, "coordinate_system": "gcj02"}
OUTSIDE = {"latitude": SOUTH + 0.005, "longitude": WEST - 0.02, "coordinate_system": "gcj02"}


def test_a_resident_places(world: World) -> None:
    """With words alone: at home, normal, from the mini-program, first act of a history."""
    order = world.order(description="楼道的灯坏了。")
    assert (order["status"], order["round"], order["version"]) == ("submitted", 1, 1)
    assert order["unit"]["id"] == order["first_unit"]["id"] == world.community.id
    assert order["attention_unit"]["id"] == world.community.id
    assert (order["grid"], order["place"], order["location"], order["category"]) == (None,) * 4
    assert (order["urgency"], order["source"]) == ("normal", "mini_program")
    assert order["requester"]["id"] == world.ids["resident"]
    assert order["content_state"] == "pending"
    assert actions_of(order["id"]) == ["submit"]
    assert heard(world, order["id"]) == {
        ("resident", "placed"),
        ("dispatcher", "new"),
        ("duty", "new"),
        ("leader", "new"),
    }


def test_without_log_in_nobody_places(world: World) -> None:
    """401, whatever is sent."""
    assert world.post(None, "/orders", description="灯坏了。").status_code == 401


def test_a_category_or_a_phone_alone_is_enough(world: World) -> None:
    """请社区打给我: a phone given here; the one on file asks for nothing."""
    called = world.order(description=None, contact_phone="13812345678")
    assert (called["description"], called["category"]) == (None, None)
    for empty in ({}, {"contact_name": "王小明"}, {"anonymous": True}, {"description": " "}):
        assert refused(world, "resident", "/orders", **empty) == (422, "order.empty")
    asked = world.order(description=None, category_id=world.categories["请回电、说不清"])
    assert asked["category"]["name"] == "请回电、说不清"


def test_contact_is_sealed_and_masked(world: World) -> None:
    """In the row nothing is clear; who placed it sees it masked."""
    order = world.order(contact_name="王小明", contact_phone="138 1234 5678")
    assert order["contact"] == {"name": "王**", "phone": "138****5678"}
    row = session.get_one(OrderContact, order["id"])
    assert "王" not in str(row.name) and "5678" not in str(row.phone)


def test_a_place_gives_community_grid_and_point(world: World) -> None:
    """The resident of one community may name a place of the other."""
    order = world.order(place_id=world.other_place.id)
    assert order["unit"]["id"] == world.other_community.id
    assert order["grid"]["id"] == world.other_grid.id
    assert order["place"]["id"] == world.other_place.id
    assert order["location"]["longitude"] == pytest.approx(world.other_place.longitude)


def test_a_point_gives_grid_and_community(world: World) -> None:
    """By the grid's polygon; the address stays sealed."""
    order = world.order(location=INSIDE | {"address": "3号楼2单元"})
    assert order["unit"]["id"] == world.community.id
    assert order["grid"]["id"] == world.grid.id
    assert order["location"]["latitude"] == INSIDE["latitude"]
    assert order["location"]["address"] is None
    assert "3号楼" not in str(session.get_one(OrderContact, order["id"]).address)


def test_wgs84_is_moved_to_gcj02(world: World) -> None:
    """West of every grid as the satellite gives it, inside as the maps have it."""
    raw = {"latitude": SOUTH + 0.005, "longitude": WEST - 0.004}
    order = world.order(location=raw | {"coordinate_system": "wgs84"})
    assert order["grid"]["id"] == world.grid.id
    moved = to_gcj02(raw["latitude"], raw["longitude"])
    assert order["location"]["coordinate_system"] == "gcj02"
    assert (order["location"]["latitude"], order["location"]["longitude"]) == pytest.approx(
        moved, abs=1e-6
    )
    outside = raw | {"coordinate_system": "gcj02"}
    assert refused(world, "resident", "/orders", location=outside) == (422, "location.outside")


def test_outside_names_the_nearest_or_takes_the_chosen(world: World) -> None:
    """A point outside every polygon does not guess."""
    answer = world.post("resident", "/orders", description="灯坏了。", location=OUTSIDE)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "location.outside")
    assert "东风社区" in answer.get_json()["detail"]
    assert answer.get_json()["errors"]["location"]
    order = world.order(location=OUTSIDE, unit_id=world.other_community.id)
    assert order["unit"]["id"] == world.other_community.id
    assert order["grid"] is None


def test_a_grid_chosen_is_its_community(world: World) -> None:
    """Orders lie with communities; the point of another community gives no grid."""
    order = world.order(unit_id=world.other_grid.id, location=INSIDE)
    assert order["unit"]["id"] == world.other_community.id
    assert order["grid"] is None


def test_urgency_of_residents_is_a_wish_of_staff_a_word(world: World) -> None:
    """The category sets it; staff raise it and never lower it."""
    wished = world.order(urgency="emergency")
    assert wished["urgency"] == "normal"
    assert order_of(wished["id"]).wished_urgency == "emergency"
    whom = {"name": "王小明", "phone": "13812345678"}
    assert world.order("grid", urgency="urgent", on_behalf_of=whom)["urgency"] == "urgent"
    lift = {"category_id": world.categories[LIFT], "urgency": "normal"}
    assert world.order("dispatcher", on_behalf_of=whom, **lift)["urgency"] == "emergency"


def test_green_channel_by_category_and_person(world: World) -> None:
    """A flag of its own."""
    assert not world.order()["green_channel"]
    assert world.order(category_id=world.categories[LIFT])["green_channel"]
    session.get_one(Person, world.ids["resident"]).green = True
    assert world.order()["green_channel"]


def test_a_complaint_goes_to_the_unit_above(world: World) -> None:
    """And nobody of the community sees or hears of it."""
    order = world.order(category_id=world.categories[COMPLAINT])
    assert order["unit"]["id"] == order["first_unit"]["id"] == world.street.id
    for who in ("leader", "dispatcher", "duty", "grid", "member", "other_leader"):
        assert world.get(who, f"/orders/{order['id']}").status_code == 404
        assert not world.get(who, "/orders").get_json()["items"]
    assert world.get("street", f"/orders/{order['id']}").status_code == 200
    assert heard(world, order["id"]) == {("resident", "placed"), ("street", "new")}


def test_consent_comes_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the privacy notice accepted nothing is placed, not even an emergency."""
    new = do(
        create_person,
        SYSTEM,
        kind=PersonKind.RESIDENT,
        name="新来的",
        home_unit_id=world.community.id,
    )
    monkeypatch.setitem(world.ids, "newcomer", new.id)
    for body in ({"description": "灯坏了。"}, {"category_id": world.categories[LIFT]}):
        assert refused(world, "newcomer", "/orders", **body) == (403, "consent.required")


def test_who_is_limited_to_the_desk(world: World) -> None:
    """Only emergencies pass; staff enter the rest."""
    do(limit_person, world.actor("leader"), world.ids["resident"], 7, "多次恶意下单")
    sent = refused(world, "resident", "/orders", description="灯坏了。")
    assert sent == (403, "person.desk_only")
    world.order(category_id=world.categories[LIFT])
    entered = world.order("dispatcher", on_behalf_of={"person_id": world.ids["resident"]})
    assert entered["requester"]["id"] == world.ids["resident"]


def test_five_a_day_by_the_local_day(world: World, clock: Clock) -> None:
    """The sixth waits for tomorrow; emergencies pass and do not count; midnight is Shanghai's."""
    clock.set(local_morning(hour=23).isoformat())
    world.order(category_id=world.categories[LIFT])
    for _ in range(5):
        world.order()
    answer = world.post("resident", "/orders", description="第六件。")
    assert (answer.status_code, answer.get_json()["code"]) == (429, "order.daily_limit")
    assert answer.headers["Retry-After"] == "3600"
    world.order(category_id=world.categories[LIFT])
    world.order("resident2")
    clock.set(local_morning(days=1, hour=0).isoformat())
    world.order()


def test_for_another_counts_for_the_placer(world: World, clock: Clock) -> None:
    """Five are five, whoever they are for."""
    clock.set(local_morning().isoformat())
    for _ in range(5):
        world.order(on_behalf_of={"name": "李奶奶", "phone": "13912345678"})
    assert refused(world, "resident", "/orders", description="第六件。") == (
        429,
        "order.daily_limit",
    )


def test_ten_open(world: World, clock: Clock) -> None:
    """What is settled makes room."""
    ids = []
    for _ in range(2):
        clock.set(local_morning().isoformat())
        ids += [world.order()["id"] for _ in range(5)]
    clock.set(local_morning().isoformat())
    assert refused(world, "resident", "/orders", description="再来一件。") == (
        429,
        "order.open_limit",
    )
    world.order(category_id=world.categories[LIFT])
    world.act("resident", ids[0], "cancel")
    world.act("resident", ids[1], "cancel")
    world.order()


def test_emergencies_page_twice_a_day(world: World, clock: Clock) -> None:
    """The third goes to the desk, urgent all the same; tomorrow it pages again."""
    clock.set(local_morning().isoformat())
    ids = [world.order(category_id=world.categories[LIFT])["id"] for _ in range(3)]
    assert [told(world, "duty", "emergency", order_id) for order_id in ids] == [1, 1, 0]
    new = select(OutboxMessage).where(
        OutboxMessage.subject_id == ids[2],
        OutboxMessage.moment == "order.new",
        OutboxMessage.recipient_id == world.ids["dispatcher"],
    )
    assert session.scalars(new).one().urgent
    other = world.order("resident2", category_id=world.categories[LIFT])["id"]
    assert told(world, "duty", "emergency", other) == 1
    clock.set(local_morning().isoformat())
    again = world.order(category_id=world.categories[LIFT])["id"]
    assert told(world, "duty", "emergency", again) == 1


def test_a_wish_pages_nobody_staff_do(world: World) -> None:
    """Only emergency categories and staff page people."""
    wished = world.order(urgency="emergency")["id"]
    assert told(world, "duty", "emergency", wished) == 0
    whom = {"name": "王小明", "phone": "13812345678"}
    for _ in range(3):
        entered = world.order("grid", urgency="emergency", on_behalf_of=whom)["id"]
        assert told(world, "duty", "emergency", entered) == 1
    page = select(OutboxMessage.urgent).where(OutboxMessage.moment == "order.emergency")
    assert set(session.scalars(page)) == {True}


def test_staff_enter_it_for_somebody_without_account(world: World) -> None:
    """By name and phone; nobody is told who has no account, and the desk's word is noted."""
    whom = {"name": "王小明", "phone": "13812345678"}
    order = world.order("duty", on_behalf_of=whom, source="phone", external_number="12345-678")
    assert (order["requester"], order["source"]) == (None, "phone")
    assert order["external_number"] == "12345-678"
    assert order["contact"] == {"name": "王**", "phone": "138****5678"}
    row = order_of(order["id"])
    assert (row.requester_id, row.placer_id) == (None, None)
    assert {moment for _, moment in heard(world, order["id"])} == {"new"}


def test_staff_enter_it_for_a_resident(world: World) -> None:
    """It is the resident's: told, seen, rated by him or her."""
    order = world.order("dispatcher", on_behalf_of={"person_id": world.ids["resident"]})
    assert order["requester"]["id"] == world.ids["resident"]
    assert order["source"] == "window"
    assert world.get("resident", f"/orders/{order['id']}").status_code == 200
    assert told(world, "resident", "placed", order["id"]) == 1
    assert told(world, "dispatcher", "placed", order["id"]) == 0


def test_staff_enter_nothing_elsewhere(world: World) -> None:
    """In another community they are residents like all others."""
    sent = refused(
        world,
        "dispatcher",
        "/orders",
        unit_id=world.other_community.id,
        on_behalf_of={"person_id": world.ids["other_resident"]},
    )
    assert sent == (403, "order.on_behalf_staff_only")


def test_a_resident_places_for_another(world: World) -> None:
    """代下单: the placer gets the messages and stands in the order, the other is the contact."""
    whom = {"name": "李奶奶", "phone": "13912345678"}
    order = world.order("resident", on_behalf_of=whom)
    assert order["contact"] == {"name": "李**", "phone": "139****5678"}
    row = order_of(order["id"])
    assert (row.requester_id, row.placer_id) == (None, world.ids["resident"])
    assert told(world, "resident", "placed", order["id"]) == 1
    sent = refused(world, "resident", "/orders", on_behalf_of={"person_id": world.ids["resident2"]})
    assert sent == (403, "order.on_behalf_staff_only")


def test_a_building_leader_hears_how_it_goes(world: World) -> None:
    """Enters for others without being staff: sees what he or she has entered and nothing else."""
    do(grant_role, SYSTEM, world.ids["resident2"], "building_leader", world.community.id)
    foreign = world.order("resident")["id"]
    whom = {"name": "王小明", "phone": "13812345678"}
    order = world.order("resident2", on_behalf_of=whom)
    assert order_of(order["id"]).placer_id == world.ids["resident2"]
    assert told(world, "resident2", "placed", order["id"]) == 1
    assert world.get("resident2", f"/orders/{foreign}").status_code == 404


def test_a_key_makes_it_one(world: World) -> None:
    """Replayed it is the same order as it is today; with another body it is refused."""
    world.order()
    body = {"description": "灯坏了。"}
    first = world.call("resident", "POST", "/orders", body, Idempotency_Key="one")
    world.act("dispatcher", first.get_json()["id"], "dispatch", mode="pool")
    headers = world.login("resident") | {"Idempotency-Key": "one"}
    before = rows()
    assert world.client is not None
    again = world.client.post("/api/v1/orders", json=body, headers=headers)
    assert rows() == before
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.get_json()["status"] == "dispatched"
    other = world.call(
        "resident", "POST", "/orders", {"description": "别的"}, Idempotency_Key="one"
    )
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency.key_reused")
    someone = world.call("resident2", "POST", "/orders", body, Idempotency_Key="one")
    assert someone.status_code == 201
    assert someone.get_json()["id"] != first.get_json()["id"]


def test_without_a_key_nothing_is_placed(world: World) -> None:
    """400: a phone on a bad line sends twice."""
    assert world.client is not None
    headers = world.login("resident")
    before = rows()
    answer = world.client.post("/api/v1/orders", json={"description": "灯坏了。"}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency.key_required")
    assert rows() == before


def test_a_refused_key_is_free(world: World) -> None:
    """Only what succeeds is kept: put right, the same key works."""
    bad = world.call("resident", "POST", "/orders", {"place_id": 999_999}, Idempotency_Key="two")
    assert bad.status_code == 422
    good = world.call("resident", "POST", "/orders", {"description": "好"}, Idempotency_Key="two")
    assert good.status_code == 201


def test_imposed_dates_are_kept(world: World) -> None:
    """上级交办: a superior's date is the order's date from the start."""
    due = local_morning(days=3)
    order = world.order("duty", source="superior", imposed_due_at=due.isoformat())
    assert order["next_due_at"] is not None
    row = session.get_one(Order, order["id"])
    assert row.due_at == row.imposed_due_at == due
    assert row.submitted_at <= now()
