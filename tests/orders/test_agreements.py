"""Agreements: what needs somebody's word before it happens, who gives it, and when it is void."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from app.kernel.clock import now
from app.kernel.database import session
from app.orders.clockwork.timed import lapse_requests
from app.orders.ticket.models import OrderRequest
from app.organisation.service import close_unit, create_unit
from app.organisation.states import UnitKind
from app.people.models import Person
from tests.conftest import Clock
from tests.orders.rows import heard, last_message, later, local_morning, refused
from tests.orders.stages import claimed, completed, dispatched, in_progress, submitted
from tests.orders.stories import actions_of, do, order_of, read
from tests.world import SYSTEM, World

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked, in which state, by whom, of whom; who may not answer; what comes of it."""

    stage: Callable[[World], int]
    who: str
    action: str
    body: Callable[[World], dict[str, Any]]
    told: frozenset[str]
    decider: str
    bystanders: tuple[str, ...]
    status: str


def _decide(world: World) -> int:
    order_id = completed(world)
    world.act("resident", order_id, "rate", solved=False)
    world.act("grid", order_id, "settle", note="又答复了。")
    world.act("resident", order_id, "rate", solved=False)
    return order_id


DESK = frozenset({"dispatcher", "leader"})
OTHER_DESK = frozenset({"other_dispatcher", "other_duty", "other_leader"})
STREET = frozenset({"street"})
ASKED = {"asked_agreement", "transfer_asked", "reported_up"}

ASKINGS: dict[str, Asking] = {
    "suspend": Asking(
        in_progress,
        "member",
        "suspend",
        lambda _: {"reason": "等配件", "until": later(days=5)},
        DESK,
        "dispatcher",
        ("member", "grid"),
        "suspended",
    ),
    "long suspend": Asking(
        in_progress,
        "member",
        "suspend",
        lambda _: {"reason": "等配件", "until": later(days=20)},
        STREET,
        "street",
        ("leader", "dispatcher"),
        "suspended",
    ),
    "extend": Asking(
        claimed,
        "member",
        "extend",
        lambda _: {"reason": "等材料", "due_at": later(days=9)},
        DESK,
        "leader",
        ("member", "grid", "duty"),
        "claimed",
    ),
    "cancel": Asking(
        claimed,
        "resident",
        "cancel",
        lambda _: {"reason": "自己修好了"},
        DESK,
        "dispatcher",
        ("resident", "member"),
        "cancelled",
    ),
    "transfer": Asking(
        submitted,
        "dispatcher",
        "transfer",
        lambda world: {"unit_id": world.other_community.id, "reason": "不在本社区"},
        OTHER_DESK,
        "other_dispatcher",
        ("leader", "duty"),
        "submitted",
    ),
    "report_up": Asking(
        claimed,
        "dispatcher",
        "report_up",
        lambda _: {"reason": "超出社区能力"},
        STREET,
        "street",
        ("leader", "duty"),
        "submitted",
    ),
    "support": Asking(
        dispatched,
        "other_member",
        "support",
        lambda _: {"note": "我会修，离得近"},
        DESK,
        "dispatcher",
        ("grid", "member"),
        "claimed",
    ),
    "close": Asking(
        _decide,
        "leader",
        "decide",
        lambda _: {"again": False, "reason": "已无法再办"},
        STREET,
        "street",
        ("leader", "dispatcher"),
        "closed",
    ),
}


def _asked(world: World, name: str) -> tuple[int, int]:
    """The order and the request put to it."""
    asking = ASKINGS[name]
    order_id = asking.stage(world)
    before = order_of(order_id).status
    since = last_message()
    order = world.act(asking.who, order_id, asking.action, **asking.body(world))
    assert order["status"] == before
    told = {who for who, moment in heard(world, order_id, since) if moment in ASKED}
    assert told == asking.told
    pending = [r for r in order["requests"] if r["state"] == "pending"]
    assert len(pending) == 1
    assert not pending[0]["may_decide"]
    return order_id, pending[0]["id"]


def _answer(order_id: int, request_id: int, word: str = "agree") -> str:
    return f"/orders/{order_id}/requests/{request_id}/{word}"


@pytest.mark.parametrize("name", ASKINGS)
def test_asked_and_agreed(world: World, name: str) -> None:
    """The order does not move until the right one agrees; then it happens; it is answered once."""
    asking = ASKINGS[name]
    order_id, request_id = _asked(world, name)
    for who in asking.bystanders:
        sent = refused(world, who, _answer(order_id, request_id))
        assert sent == (403, "order.not_allowed"), who
    stranger = refused(world, "resident2", _answer(order_id, request_id))
    assert stranger == (404, "not_found")
    mine = read(world, asking.decider, f"/orders/{order_id}")["requests"][-1]
    assert (mine["id"], mine["may_decide"]) == (request_id, True)
    since = last_message()
    answer = world.post(asking.decider, _answer(order_id, request_id), note="同意")
    assert answer.status_code == 200, answer.get_json()
    assert order_of(order_id).status == asking.status
    assert (asking.who, "agreed") in heard(world, order_id, since)
    assert actions_of(order_id).count("agree") == 1
    row = session.get_one(OrderRequest, request_id)
    assert (row.state, row.decided_by_id) == ("agreed", world.ids[asking.decider])
    twice = refused(world, asking.decider, _answer(order_id, request_id))
    assert twice == (409, "order.request_decided")


@pytest.mark.parametrize("name", ASKINGS)
def test_asked_and_refused(world: World, name: str) -> None:
    """With a reason; nothing happens, whoever asked is told and may ask again."""
    asking = ASKINGS[name]
    order_id, request_id = _asked(world, name)
    before = order_of(order_id).status
    path = _answer(order_id, request_id, "refuse")
    assert refused(world, asking.decider, path) == (422, "body.invalid")
    assert refused(world, asking.bystanders[0], path, reason="不行") == (403, "order.not_allowed")
    since = last_message()
    assert world.post(asking.decider, path, reason="还能办").status_code == 200
    row = order_of(order_id)
    assert (row.status, row.handling_unit_id) == (before, world.community.id)
    assert heard(world, order_id, since) == {(asking.who, "refused")}
    assert session.get_one(OrderRequest, request_id).state == "refused"
    again = world.act(asking.who, order_id, asking.action, **asking.body(world))
    assert [r["state"] for r in again["requests"]] == ["refused", "pending"]


@pytest.mark.parametrize("name", ASKINGS)
def test_one_pending_of_a_kind(world: World, name: str) -> None:
    """Asked twice it is refused, and the first one stands."""
    asking = ASKINGS[name]
    order_id, _ = _asked(world, name)
    sent = refused(world, asking.who, f"/orders/{order_id}/{asking.action}", **asking.body(world))
    assert sent == (409, "order.request_pending")


@pytest.mark.parametrize("name", ASKINGS)
def test_it_lapses_unanswered(world: World, clock: Clock, name: str) -> None:
    """Not before its time; whoever asked is told; too late to answer then."""
    clock.set(local_morning().isoformat())
    asking = ASKINGS[name]
    order_id, request_id = _asked(world, name)
    before = order_of(order_id).status
    until = session.get_one(OrderRequest, request_id).until
    assert until >= now() + timedelta(hours=24)
    clock.set((until - timedelta(seconds=1)).isoformat())
    assert do(lapse_requests, SYSTEM, limit=50) == 0
    clock.set(until.isoformat())
    since = last_message()
    assert do(lapse_requests, SYSTEM, limit=50) == 1
    assert heard(world, order_id, since) == {(asking.who, "request_lapsed")}
    row = order_of(order_id)
    assert (row.status, row.handling_unit_id) == (before, world.community.id)
    assert session.get_one(OrderRequest, request_id).state == "lapsed"


@pytest.mark.parametrize("word", ["agree", "refuse"])
def test_after_its_time_it_is_no_longer_answered(world: World, clock: Clock, word: str) -> None:
    """Even where the job is late."""
    clock.set(local_morning().isoformat())
    order_id, request_id = _asked(world, "cancel")
    clock.set(session.get_one(OrderRequest, request_id).until.isoformat())
    body = {"reason": "不行"} if word == "refuse" else {}
    sent = refused(world, "dispatcher", _answer(order_id, request_id, word), **body)
    assert sent == (409, "order.request_lapsed")


@pytest.mark.parametrize("name", ["suspend", "extend", "cancel"])
def test_void_with_the_situation(world: World, name: str) -> None:
    """Recalled meanwhile: nothing is left to agree to."""
    order_id, request_id = _asked(world, name)
    world.act("dispatcher", order_id, "recall", reason="换人办")
    assert session.get_one(OrderRequest, request_id).state == "lapsed"
    sent = refused(world, "dispatcher", _answer(order_id, request_id))
    assert sent == (409, "order.request_decided")


def test_changed_meanwhile(world: World) -> None:
    """What no longer fits is refused and stays pending."""
    order_id, request_id = _asked(world, "report_up")
    world.act("member", order_id, "suspend", reason="等配件", until=later(days=1))
    sent = refused(world, "street", _answer(order_id, request_id))
    assert sent == (409, "order.changed_meanwhile")
    unit = do(create_unit, SYSTEM, kind=UnitKind.COMMUNITY, name="新村", parent_id=world.street.id)
    order_id = submitted(world)
    order = world.act("dispatcher", order_id, "transfer", unit_id=unit.id, reason="不在")
    do(close_unit, SYSTEM, unit.id, successor_unit_id=world.community.id)
    sent = refused(world, "street", _answer(order_id, order["requests"][0]["id"]))
    assert sent == (409, "order.changed_meanwhile")


def test_not_through_another_order(world: World) -> None:
    """A request is known by its order and itself."""
    _, request_id = _asked(world, "cancel")
    other = submitted(world)
    for path in (_answer(other, request_id), _answer(other, 999_999)):
        assert refused(world, "dispatcher", path) == (404, "not_found")


def test_nobody_agrees_to_the_own_asking(world: World) -> None:
    """An officer above both asks for a transfer; another must sign for it."""
    order_id = submitted(world)
    body = {"unit_id": world.other_community.id, "reason": "不在本社区"}
    order = world.act("street", order_id, "transfer", **body)
    request_id = order["requests"][0]["id"]
    assert refused(world, "street", _answer(order_id, request_id)) == (403, "order.not_allowed")
    assert world.post("district", _answer(order_id, request_id)).status_code == 200


def test_transferred_the_receiver_has_it(world: World) -> None:
    """And is first handler from now on; before that the first unit never changes; senders are out."""
    order_id, request_id = _asked(world, "transfer")
    assert order_of(order_id).first_unit_id == world.community.id
    assert world.get("other_dispatcher", f"/orders/{order_id}").status_code == 200
    since = last_message()
    world.post("other_dispatcher", _answer(order_id, request_id))
    row = order_of(order_id)
    assert row.handling_unit_id == row.first_unit_id == row.attention_unit_id
    assert row.handling_unit_id == world.other_community.id
    assert row.handling_path == world.other_community.path
    told = heard(world, order_id, since)
    assert told >= {("resident", "transferred"), ("dispatcher", "agreed"), ("other_duty", "new")}
    assert world.get("dispatcher", f"/orders/{order_id}").status_code == 404


def test_reported_up_the_first_unit_stays_on_record(world: World) -> None:
    """The street owns it; the member is free of it."""
    order_id, request_id = _asked(world, "report_up")
    since = last_message()
    world.post("street", _answer(order_id, request_id))
    row = order_of(order_id)
    assert (row.handling_unit_id, row.first_unit_id) == (world.street.id, world.community.id)
    assert (row.holder_id, row.mode) == (None, None)
    assert ("member", "recalled") in heard(world, order_id, since)


def test_only_to_another_open_unit(world: World) -> None:
    """422 for itself and for nothing; at the top there is nobody to report to."""
    order_id = submitted(world)
    for unit_id in (world.community.id, 999_999):
        sent = refused(
            world, "dispatcher", f"/orders/{order_id}/transfer", unit_id=unit_id, reason="不在"
        )
        assert sent == (422, "unit.unknown")


def test_extending(world: World, clock: Clock) -> None:
    """The dispatcher once up to the original length; then, or for longer, the unit above."""
    clock.set(local_morning().isoformat())
    order_id = submitted(world)
    due = later(days=2)
    world.act("dispatcher", order_id, "dispatch", mode="pool", due_at=due)
    path = f"/orders/{order_id}/extend"
    for late in (due, later(days=1)):
        sent = refused(world, "dispatcher", path, reason="等", due_at=late)
        assert sent == (422, "order.not_later")
    longer = world.act(
        "dispatcher", order_id, "extend", reason="等", due_at=later(days=4, seconds=1)
    )
    assert longer["requests"][0]["kind"] == "extend"
    world.post("street", _answer(order_id, longer["requests"][0]["id"], "refuse"), reason="太久")
    since = last_message()
    world.act("dispatcher", order_id, "extend", reason="等", due_at=later(days=4))
    assert order_of(order_id).due_at == now() + timedelta(days=4)
    assert heard(world, order_id, since) == {("resident", "extended")}
    second = world.act("dispatcher", order_id, "extend", reason="等", due_at=later(days=5))
    assert second["requests"][-1]["state"] == "pending"
    clock.set((now() + timedelta(days=4)).isoformat())
    sent = refused(world, "dispatcher", path, reason="等", due_at=later(days=5))
    assert sent == (409, "order.already_due")


def test_extending_what_began_again(world: World, clock: Clock) -> None:
    """The original length is that of the round, not all that has passed since it was placed."""
    clock.set(local_morning().isoformat())
    order_id = completed(world)
    clock.set(later(days=6))
    world.act("resident", order_id, "rate", solved=False)
    # Half of three days.
    assert order_of(order_id).due_at == now() + timedelta(days=1.5)
    longer = world.act(
        "dispatcher", order_id, "extend", reason="等", due_at=later(days=3, seconds=1)
    )
    assert [one["state"] for one in longer["requests"]] == ["pending"]
    world.post("street", _answer(order_id, longer["requests"][0]["id"], "refuse"), reason="太久")
    world.act("dispatcher", order_id, "extend", reason="等", due_at=later(days=3))
    assert order_of(order_id).due_at == now() + timedelta(days=3)


def test_a_superiors_date_is_not_extended(world: World) -> None:
    """上级交办: the earlier date wins."""
    order = world.order("duty", source="superior", imposed_due_at=later(days=3))
    world.act("duty", order["id"], "dispatch", mode="pool", due_at=later(days=2))
    path = f"/orders/{order['id']}/extend"
    sent = refused(world, "dispatcher", path, reason="等", due_at=later(days=4))
    assert sent == (422, "order.beyond_imposed")


def test_support_keeps_the_rules(world: World) -> None:
    """Caps and absence hold for who comes from elsewhere; members of the unit simply claim."""
    order_id = dispatched(world)
    sent = refused(world, "member", f"/orders/{order_id}/support", note="我来")
    assert sent == (403, "order.not_allowed")
    order_id, request_id = _asked(world, "support")
    session.get_one(Person, world.ids["other_member"]).away_until = now() + timedelta(days=1)
    session.commit()
    sent = refused(world, "dispatcher", _answer(order_id, request_id))
    assert sent == (409, "person.away")
