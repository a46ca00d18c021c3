"""What happens to orders when those who hold them, or their unit, go away."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.clock import now
from app.kernel.crypto import blind_index
from app.kernel.database import session
from app.orders.leaving.holders import attach_orders
from app.orders.ticket.states import DispatchMode, OrderStatus
from app.organisation.models import Unit
from app.organisation.service import change_unit, close_unit, create_unit
from app.organisation.states import UnitKind
from app.people.models import Registration, RoleGrant
from app.people.service import (
    attach_verified_phone,
    create_person,
    deactivate_person,
    end_registration,
    end_role,
    erase_person,
    grant_role,
    set_away,
)
from app.people.states import PersonKind
from tests.conftest import Clock
from tests.orders.stories import (
    SYSTEM,
    actions_of,
    assert_sound,
    do,
    offered,
    order_of,
    read,
    refused,
    told,
)
from tests.world import World


def registration_of(world: World, who: str) -> int:
    """The one open registration of that person."""
    found = select(Registration.id).where(Registration.person_id == world.ids[who])
    return int(session.scalars(found).one())


def grant_of(world: World, who: str) -> int:
    """The one role of that person."""
    found = select(RoleGrant.id).where(
        RoleGrant.person_id == world.ids[who], RoleGrant.ended_at.is_(None)
    )
    return int(session.scalars(found).one())


def assert_released(world: World, order: int, status: OrderStatus) -> None:
    """Off the hands of whoever had it, the desk told."""
    row = order_of(order)
    assert row.status is status
    assert row.holder_id is None
    assert row.offered_to_id is None
    assert actions_of(order)[-1] == "release"
    moment = "released" if status is OrderStatus.DISPATCHED else "returned"
    assert told(world, "dispatcher", moment, order) == 1
    assert_sound(order)


def test_an_ended_registration_gives_back_what_the_member_had(world: World) -> None:
    held, asked = world.claimed()["id"], offered(world)
    other = world.claimed("member2")["id"]
    do(end_registration, world.actor("leader"), registration_of(world, "member"), "搬走了")
    for order in (held, asked):
        assert_released(world, order, OrderStatus.DISPATCHED)
        assert order_of(order).mode is DispatchMode.POOL
    assert told(world, "resident", "reassigned", held) == 1
    assert told(world, "resident", "reassigned", asked) == 0
    assert order_of(other).holder_id == world.ids["member2"]


def test_a_pause_ends_with_the_holder_and_the_due_date_moves(world: World, clock: Clock) -> None:
    start = datetime.fromisoformat("2027-03-01T09:00:00+08:00")
    clock.set(start.isoformat())
    order = world.order()["id"]
    due = start + timedelta(days=5)
    world.act("dispatcher", order, "dispatch", mode="pool", due_at=due.isoformat())
    world.act("member", order, "claim")
    until = start + timedelta(days=2)
    world.act("member", order, "suspend", reason="等配件", until=until.isoformat())
    clock.set((start + timedelta(days=1)).isoformat())
    do(deactivate_person, SYSTEM, world.ids["member"], "停用")
    row = order_of(order)
    assert_released(world, order, OrderStatus.DISPATCHED)
    assert row.suspended_until is None
    assert row.due_at == due + timedelta(days=1)
    # Next of all it is to be taken, within four hours of work.
    assert row.next_due_at == datetime.fromisoformat("2027-03-02T15:00:00+08:00")
    assert row.suspended_seconds == 24 * 3600


def test_whoever_is_deactivated_holds_nothing(world: World) -> None:
    order = world.order()["id"]
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["grid"])
    world.act("grid", order, "start")
    do(deactivate_person, SYSTEM, world.ids["grid"], "调走")
    # It was assigned, so the dispatcher assigns it anew.
    assert_released(world, order, OrderStatus.SUBMITTED)


def test_an_ended_role_gives_back_what_was_assigned_by_it(world: World) -> None:
    order = world.order()["id"]
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["grid"])
    do(end_role, SYSTEM, grant_of(world, "grid"))
    assert_released(world, order, OrderStatus.SUBMITTED)


def test_a_role_that_another_covers_changes_nothing(world: World) -> None:
    order = world.order()["id"]
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["grid"])
    first = grant_of(world, "grid")
    do(grant_role, SYSTEM, world.ids["grid"], "duty", world.community.id)
    do(end_role, SYSTEM, first)
    assert order_of(order).holder_id == world.ids["grid"]


def test_the_last_dispatcher_is_missed(world: World) -> None:
    for who in ("dispatcher", "duty"):
        do(end_role, SYSTEM, grant_of(world, who))
        assert told(world, "admin", "no_dispatcher") == 0
    do(end_role, SYSTEM, grant_of(world, "leader"))
    assert told(world, "admin", "no_dispatcher") == 1
    assert told(world, "street", "no_dispatcher") == 1
    # Its orders fall to the unit above.
    order = world.order()["id"]
    assert told(world, "street", "new", order) == 1


def test_who_holds_orders_does_not_leave_unless_forced(world: World) -> None:
    order = world.claimed()["id"]
    member = world.actor("member")
    assert refused(erase_person, member, member.own_id) == "person.holds_orders"
    assert order_of(order).holder_id == member.own_id
    do(erase_person, SYSTEM, member.own_id, forced=True, reason="已去世")
    assert_released(world, order, OrderStatus.DISPATCHED)


def test_an_offer_alone_keeps_nobody(world: World) -> None:
    order = offered(world)
    member = world.actor("member")
    do(erase_person, member, member.own_id)
    assert_released(world, order, OrderStatus.DISPATCHED)


def test_one_tap_gives_everything_back(world: World) -> None:
    held, asked = world.claimed()["id"], offered(world)
    until = now() + timedelta(days=7)
    do(set_away, world.actor("member"), until, return_orders=True)
    assert order_of(held).status is OrderStatus.DISPATCHED
    assert order_of(held).mode is DispatchMode.POOL
    assert order_of(asked).status is OrderStatus.SUBMITTED
    assert actions_of(held)[-1] == "return"
    assert actions_of(asked)[-1] == "decline"
    assert_sound(held, asked)


def test_going_away_without_the_tap_keeps_them(world: World) -> None:
    held = world.claimed()["id"]
    do(set_away, world.actor("member"), now() + timedelta(days=7))
    assert order_of(held).holder_id == world.ids["member"]


@pytest.fixture
def spare(world: World) -> Unit:
    """A third community, without grids, that may be closed."""
    unit = do(
        create_unit, SYSTEM, kind=UnitKind.COMMUNITY, name="南山社区", parent_id=world.street.id
    )
    assert isinstance(unit, Unit)
    return unit


def test_a_unit_with_open_orders_closes_only_with_a_successor(world: World, spare: Unit) -> None:
    order = world.order(unit_id=spare.id)["id"]
    done = world.order("resident2", unit_id=spare.id)["id"]
    world.act("street", done, "settle", note="已经答复。")
    assert refused(close_unit, SYSTEM, spare.id) == "unit.has_open_orders"
    do(close_unit, SYSTEM, spare.id, successor_unit_id=world.community.id)
    for moved in (order, done):
        row = order_of(moved)
        assert row.handling_unit_id == world.community.id
        assert row.handling_path == world.community.path
        assert row.attention_unit_id == world.community.id
        assert row.first_unit_id == spare.id
        assert world.get("dispatcher", f"/orders/{moved}").status_code == 200
    assert told(world, "dispatcher", "unit_closed", order) == 1
    assert told(world, "resident", "transferred", order) == 1
    assert actions_of(order)[-1] == "amend"
    assert_sound(order, done)


def test_a_unit_without_open_orders_closes(world: World, spare: Unit) -> None:
    order = world.order(unit_id=spare.id)["id"]
    world.act("resident", order, "cancel")
    do(close_unit, SYSTEM, spare.id)
    assert order_of(order).handling_unit_id == spare.id


def test_orders_follow_a_unit_that_moves(world: World, spare: Unit) -> None:
    order = world.order(unit_id=spare.id)["id"]
    stays = world.order("resident2")["id"]
    street = do(
        create_unit, SYSTEM, kind=UnitKind.STREET, name="新街道", parent_id=world.district.id
    )
    do(change_unit, SYSTEM, spare.id, name="南山社区", parent_id=street.id)
    assert order_of(order).handling_path == f"{street.path}{spare.id}/"
    assert order_of(stays).handling_path == world.community.path
    assert world.get("street", f"/orders/{order}").status_code == 404
    assert world.get("district", f"/orders/{order}").status_code == 200


PHONE = "13700001234"


def entered(world: World, **body: Any) -> int:
    """An order that staff have entered for a caller without an account."""
    whom = {"name": "李奶奶", "phone": PHONE}
    return int(world.order("dispatcher", on_behalf_of=whom, source="phone", **body)["id"])


def test_a_verified_phone_attaches_what_staff_have_entered(world: World) -> None:
    first, second = entered(world), entered(world)
    by_a_neighbour = world.order("resident2", on_behalf_of={"name": "李奶奶", "phone": PHONE})["id"]
    person = do(create_person, SYSTEM, kind=PersonKind.RESIDENT, name="李奶奶")
    world.ids["granny"] = person.id
    do(attach_verified_phone, SYSTEM, person.id, PHONE)
    for order in (first, second):
        assert order_of(order).requester_id == person.id
        assert told(world, "granny", "attached", order) == 1
        last = read(world, "dispatcher", f"/orders/{order}/events")
        assert str(person.id) not in str([one.get("details") for one in last["items"]])
    assert order_of(by_a_neighbour).requester_id is None
    mine = read(world, "granny", "/orders?mine=placed")["items"]
    assert {item["id"] for item in mine} == {first, second}
    # Again, it finds nothing to attach.
    assert do(attach_orders, SYSTEM, person.id, blind_index(PHONE)) == 0
    assert_sound(first, second)
    del world.ids["granny"]


def test_nobody_becomes_the_requester_of_what_he_handles(world: World) -> None:
    order = entered(world)
    world.act("dispatcher", order, "dispatch", mode="pool")
    world.act("member", order, "claim")
    do(attach_verified_phone, SYSTEM, world.ids["member"], PHONE)
    assert order_of(order).requester_id is None
