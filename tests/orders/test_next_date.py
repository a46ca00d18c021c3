"""`next_due_at`: the next date of any stage for those who work, the promised day for residents."""

from datetime import datetime, timedelta

import pytest

from app.kernel.clock import now
from tests.conftest import Clock
from tests.orders.stages import NOTE
from tests.orders.stories import order_of, public_order
from tests.world import World

DAY = timedelta(days=1)


def _seen(world: World, who: str, order_id: int, path: str = "") -> datetime | None:
    """What that reader reads of the order itself, or in a list."""
    answer = world.get(who, path or f"/orders/{order_id}")
    assert answer.status_code == 200, answer.get_json()
    found = answer.get_json()
    if path:
        (found,) = [item for item in found["items"] if item["id"] == order_id]
    return None if found["next_due_at"] is None else datetime.fromisoformat(found["next_due_at"])


@pytest.fixture
def morning(clock: Clock) -> datetime:
    """A Tuesday, nine o'clock."""
    clock.set("2026-12-01T09:00:00+08:00")
    return now()


def test_the_requester_reads_the_promise(world: World, morning: datetime) -> None:
    """Alone and in lists, in every state; the desk and the handler read the date in between."""
    placed = world.order()
    order_id = int(placed["id"])
    promised = morning + 7 * DAY
    assert datetime.fromisoformat(placed["next_due_at"]) == promised
    # To be dispatched within a day.
    assert _seen(world, "dispatcher", order_id) == morning + DAY
    assert _seen(world, "dispatcher", order_id, "/orders?status=submitted") == morning + DAY
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    # To be taken within four working hours: 180 minutes until lunch, 60 after it.
    accept = morning + timedelta(hours=6)
    readers = ("dispatcher", "leader", "street", "member")
    assert {_seen(world, who, order_id) for who in readers} == {accept}
    assert _seen(world, "resident", order_id, "/orders?mine=placed") == promised
    world.act("member", order_id, "claim")
    assert _seen(world, "member", order_id) == morning + 3 * DAY
    assert _seen(world, "resident", order_id) == promised
    world.act("member", order_id, "suspend", reason="等配件", until=(now() + DAY).isoformat())
    assert _seen(world, "resident", order_id) == order_of(order_id).due_at == promised
    world.act("member", order_id, "resume")
    world.act("member", order_id, "complete", note=NOTE)
    assert _seen(world, "resident", order_id) is None


def test_neighbours_read_the_promise_too(world: World, morning: datetime) -> None:
    """Whoever has joined neither handles the order nor works at its desk."""
    order_id = public_order(world)
    joined = world.act("resident2", order_id, "join")
    assert datetime.fromisoformat(joined["next_due_at"]) == morning + 7 * DAY


def test_a_member_who_places_is_a_resident(world: World, morning: datetime) -> None:
    """Others of the pool read until when it must be taken; the one who placed it the promise."""
    order_id = int(world.order("member2")["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    assert _seen(world, "member2", order_id) == morning + 7 * DAY
    assert _seen(world, "member", order_id) == morning + timedelta(hours=6)
