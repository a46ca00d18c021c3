"""来电查询: who calls, audited and limited; people of other units stay masked."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.intake.service.banners import put_up_banner
from app.intake.service.calling import A_MINUTE
from app.kernel.audit import AuditRow
from app.kernel.clock import now
from app.kernel.database import session
from app.people.models import Person
from tests.conftest import Clock
from tests.world import World

pytestmark = pytest.mark.slow

RESIDENT, NEIGHBOUR, NOBODY = "13900000001", "13900000010", "13700000000"


def audited(action: str) -> list[tuple[str, int, str]]:
    """Subject and reason of the audit rows of that action."""
    rows = session.scalars(select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.id))
    return [(row.subject_kind, row.subject_id, row.reason) for row in rows]


def called(world: World, who: str, phone: str) -> list[dict[str, Any]]:
    """What the look-up answers."""
    answer = world.post(who, "/people/caller", phone=phone)
    assert answer.status_code == 200, answer.json
    return list((answer.json or {})["items"])


def test_name_building_orders_and_banners(world: World) -> None:
    """One row for the hit; an anonymous order and a closed one are not among the orders."""
    person = session.get_one(Person, world.ids["resident"])
    person.home_place_id = world.place.id
    session.commit()
    open_one = world.order()
    world.order(anonymous=True)
    world.act("resident", world.order()["id"], "cancel", reason="不用了")
    banner = put_up_banner(
        world.actor("duty"),
        unit_id=world.community.id,
        place_id=world.place.id,
        text="3号楼停水",
        until=now() + timedelta(hours=3),
    )
    session.commit()
    (caller,) = called(world, "duty", "+86 139-0000-0001")
    assert (caller["id"], caller["name"], caller["masked"]) == (person.id, "测resident", False)
    assert caller["building"] == {"id": world.place.id, "name": world.place.full_name}
    assert [order["id"] for order in caller["orders"]] == [open_one["id"]]
    assert [one["id"] for one in caller["banners"]] == [banner.id]
    assert audited("person.revealed") == [("person", person.id, "来电")]


def test_who_left_the_phone_with_an_order_alone(world: World) -> None:
    """Found by the order that staff entered, with the name given there; of an anonymous one not."""
    given = {"name": "王小明", "phone": NOBODY}
    assert called(world, "duty", NOBODY) == []
    assert audited("person.searched") == [("unit", world.community.id, "来电")]
    world.order("duty", on_behalf_of=given, anonymous=True)
    assert called(world, "duty", NOBODY) == []
    order = world.order("duty", on_behalf_of=given, place_id=world.place.id)
    (caller,) = called(world, "duty", NOBODY)
    assert (caller["id"], caller["name"]) == (None, "王小明")
    assert audited("order.revealed") == [("order", order["id"], "来电")]


def test_each_name_of_one_phone_is_a_caller(world: World) -> None:
    """A family shares a phone: what concerns one of them does not stand under the name of another."""
    first = world.order("duty", on_behalf_of={"name": "王小明", "phone": NOBODY})
    second = world.order("duty", on_behalf_of={"name": "李建国", "phone": NOBODY})
    third = world.order("duty", on_behalf_of={"name": "王小明", "phone": NOBODY})
    callers = called(world, "duty", NOBODY)
    shown = {one["name"]: [order["id"] for order in one["orders"]] for one in callers}
    assert [one["id"] for one in callers] == [None, None]
    assert shown == {"王小明": [third["id"], first["id"]], "李建国": [second["id"]]}
    rows = audited("order.revealed")
    assert sorted(rows) == [("order", one["id"], "来电") for one in (second, third)]


def test_people_of_other_units_are_masked(world: World) -> None:
    """Their name alone, without orders; the row stands in the audit all the same."""
    world.order("other_resident")
    (caller,) = called(world, "duty", NEIGHBOUR)
    assert (caller["name"], caller["masked"]) == ("测" + "*" * 14, True)
    assert (caller["unit"], caller["building"], caller["orders"]) == (None, None, [])
    assert audited("person.searched") == [("person", world.ids["other_resident"], "来电")]
    (seen,) = called(world, "street", NEIGHBOUR)
    assert (seen["name"], seen["masked"]) == ("测other_resident", False)


def test_who_may_not(world: World) -> None:
    """Both rights are needed at one unit; a phone must be one."""
    for who in ("resident", "member", "grid", "admin"):
        answer = world.post(who, "/people/caller", phone=RESIDENT)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "caller.not_allowed"), who
    answer = world.post("duty", "/people/caller", phone="138")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "phone.invalid")


def test_the_thirty_first_in_a_minute_is_refused(world: World, clock: Clock) -> None:
    """Per person; the refused one tells nothing and leaves no row; the next minute is open."""
    clock.set("2027-03-01T09:00:00+08:00")
    for _ in range(A_MINUTE):
        called(world, "duty", RESIDENT)
    answer = world.post("duty", "/people/caller", phone=RESIDENT)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "rate.exceeded")
    assert len(audited("person.revealed")) == A_MINUTE
    called(world, "dispatcher", RESIDENT)
    clock.set("2027-03-01T09:01:00+08:00")
    called(world, "duty", RESIDENT)
