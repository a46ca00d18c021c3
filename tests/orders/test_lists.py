"""Lists: filters that combine, two orders, cursors that hold, search, the counter for boards."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.orders.ticket.models import Order, OrderEvent
from tests.conftest import Clock
from tests.orders.rows import later, local_morning
from tests.orders.stories import order_of
from tests.world import World

pytestmark = pytest.mark.slow

LIFT = "电梯困人"


def _ids(world: World, who: str, query: str = "") -> list[int]:
    answer = world.get(who, f"/orders?limit=100&{query}")
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["next_cursor"] is None
    return [order["id"] for order in answer.get_json()["items"]]


def _at(moment: datetime) -> str:
    return quote(moment.isoformat())


def _place(world: World, count: int, who: str = "resident", **body: Any) -> list[int]:
    return [int(world.order(who, **body)["id"]) for _ in range(count)]


@pytest.fixture(autouse=True)
def _many(world: World) -> None:
    world.lift_caps()


def test_newest_first_and_green_channel_before_all(world: World) -> None:
    """The default; `newest` knows no green channel."""
    first, second = _place(world, 2)
    green = _place(world, 1, category_id=world.categories[LIFT])[0]
    third = _place(world, 1)[0]
    assert _ids(world, "dispatcher") == [green, third, second, first]
    assert _ids(world, "dispatcher", "sort=newest") == [third, green, second, first]


def test_by_due_date(world: World, clock: Clock) -> None:
    """Nearest first; what stands still has no date and comes last."""
    clock.set(local_morning().isoformat())
    still, far, near = _place(world, 3, category_id=world.categories["四害消杀"])
    for order_id, days in ((still, 1.5), (far, 2), (near, 1)):
        world.act("dispatcher", order_id, "dispatch", mode="pool", due_at=later(days=days))
        world.act("member", order_id, "claim")
    assert _ids(world, "dispatcher", "sort=due") == [near, still, far]
    world.act("member", still, "suspend", reason="等配件", until=later(days=1))
    assert _ids(world, "dispatcher", "sort=due") == [near, far, still]


@pytest.mark.parametrize(
    "sort",
    [
        "",
        "sort=newest",
        "sort=due",
    ],
)
def test_pages_hold_while_others_place(world: World, sort: str) -> None:
    """Each once, none left out, in the order of one long page; what comes later does not shift them."""
    ids = _place(world, 6)
    for order_id in ids[:4]:
        world.act(
            "dispatcher", order_id, "dispatch", mode="pool", due_at=later(days=order_id % 3 + 1)
        )
    session.execute(update(Order).where(Order.id.in_(ids[2:5])).values(green_channel=True))
    moment = now()
    session.execute(update(Order).where(Order.id.in_(ids)).values(submitted_at=moment))
    wanted = _ids(world, "dispatcher", sort)
    assert sorted(wanted) == ids
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = world.get("dispatcher", f"/orders?limit=2&{sort}&cursor={cursor}").get_json()
        assert len(page["items"]) <= 2
        found += [order["id"] for order in page["items"]]
        cursor = page["next_cursor"]
        world.order()
    assert [order_id for order_id in found if order_id in ids] == wanted


def test_a_cursor_of_nothing(world: World) -> None:
    """Made up, or of another sort: 422 with its own code; limits are 1 to 100."""
    _place(world, 3)
    cursor = world.get("dispatcher", "/orders?limit=1&sort=due").get_json()["next_cursor"]
    for bad in ("x", "W10", "bnVsbA", f"{cursor}x", cursor):
        answer = world.get("dispatcher", f"/orders?cursor={bad}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, "cursor.invalid"), bad
    for limit in (0, 101, "a"):
        assert world.get("dispatcher", f"/orders?limit={limit}").status_code == 422


def test_filters_combine(world: World) -> None:
    """Each narrows; those in the plural widen among themselves."""
    light = world.categories["路灯楼道灯"]
    pests = world.categories["四害消杀"]
    plain = _place(world, 1)[0]
    lamp, lamp_pooled = _place(world, 2, category_id=light)
    mice = _place(world, 1, category_id=pests)[0]
    lift = _place(world, 1, category_id=world.categories[LIFT])[0]
    world.act("dispatcher", lamp_pooled, "dispatch", mode="pool")
    every = {plain, lamp, lamp_pooled, mice, lift}
    for query, wanted in (
        ("", every),
        ("status=submitted", every - {lamp_pooled}),
        ("status=submitted&status=dispatched", every),
        (f"category_id={light}", {lamp, lamp_pooled}),
        (f"category_id={light}&category_id={pests}", {lamp, lamp_pooled, mice}),
        (f"category_id={light}&status=dispatched", {lamp_pooled}),
        ("urgency=emergency", {lift}),
        ("urgency=emergency&urgency=normal", every),
        (f"urgency=emergency&category_id={light}", set()),
        (f"unit_id={world.community.id}&status=dispatched", {lamp_pooled}),
        (f"unit_id={world.other_community.id}", set()),
    ):
        assert set(_ids(world, "dispatcher", query)) == wanted, query
    for bad in ("status=lost", "urgency=now", "category_id=x", "mine=all", "sort=old", "x=1"):
        assert world.get("dispatcher", f"/orders?{bad}").status_code == 422, bad


def test_a_unit_is_its_subtree_and_what_it_watches(world: World) -> None:
    """The street's list; 督办 brings nobody anything that is not visible."""
    here = _place(world, 1)[0]
    there = _place(world, 1, "other_resident")[0]
    assert set(_ids(world, "street", f"unit_id={world.street.id}")) == {here, there}
    assert _ids(world, "street", f"unit_id={world.other_community.id}") == [there]
    assert _ids(world, "dispatcher", f"unit_id={world.street.id}") == [here]
    assert _ids(world, "other_dispatcher", f"unit_id={world.community.id}") == []


def test_mine(world: World) -> None:
    """Placed, claimed and offered, the pool: of the one who asks."""
    own, pooled, held, offered = _place(world, 4, "resident2")
    foreign = _place(world, 1)[0]
    for order_id in (pooled, held):
        world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("member", held, "claim")
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    world.act("dispatcher", offered, "dispatch", **body)
    for_her = _place(
        world, 1, "resident2", on_behalf_of={"name": "李奶奶", "phone": "13912345678"}
    )[0]
    assert set(_ids(world, "resident2", "mine=placed")) == {own, pooled, held, offered, for_her}
    assert set(_ids(world, "member", "mine=claimed")) == {held, offered}
    assert _ids(world, "member", "mine=pool") == [pooled]
    assert _ids(world, "other_member", "mine=pool") == []
    assert _ids(world, "resident", "mine=placed") == [foreign]
    assert _ids(world, "dispatcher", "mine=pool") == []


def test_overdue(world: World, clock: Clock) -> None:
    """Past its date and not done; suspended ones stand still."""
    clock.set(local_morning().isoformat())
    late, done, paused, never = _place(world, 4)
    for order_id in (late, done, paused):
        world.act("dispatcher", order_id, "dispatch", mode="pool", due_at=later(hours=1))
        world.act("member", order_id, "claim")
    world.act("member", done, "complete", note="办好了。")
    world.act("member", paused, "suspend", reason="等", until=later(days=2))
    clock.set((now() + timedelta(hours=1)).isoformat())
    assert _ids(world, "dispatcher", "overdue=true") == []
    clock.set((now() + timedelta(seconds=1)).isoformat())
    assert _ids(world, "dispatcher", "overdue=true") == [late]
    assert set(_ids(world, "dispatcher", "overdue=false")) == {done, paused, never}


def test_since_and_until_are_half_open(world: World, clock: Clock) -> None:
    """From a moment on, up to a moment and not it; a time needs a zone."""
    start = local_morning()
    ids = []
    for hours in range(3):
        clock.set((start + timedelta(hours=hours)).isoformat())
        ids += _place(world, 1)
    since, until = _at(start + timedelta(hours=1)), _at(start + timedelta(hours=2))
    assert _ids(world, "dispatcher", f"since={since}") == [ids[2], ids[1]]
    assert _ids(world, "dispatcher", f"until={until}") == [ids[1], ids[0]]
    assert _ids(world, "dispatcher", f"since={since}&until={until}") == [ids[1]]
    answer = world.get("dispatcher", "/orders?since=2027-01-01T09:00:00")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "time.zone_missing")


def test_search_by_words(world: World) -> None:
    """Two characters and more; what looks like a pattern is words; no names."""
    first = _place(world, 1, description="三单元的路灯不亮")[0]
    second = _place(world, 1, description="100%_坏了", contact_name="王小明")[0]
    for word, wanted in (
        ("路灯", [first]),
        ("不亮", [first]),
        ("%_", [second]),
        ("__", []),
        ("王小明", []),
        ("水管", []),
    ):
        assert _ids(world, "dispatcher", f"q={quote(word)}") == wanted, word
    for short in ("灯", quote(" 灯 ")):
        answer = world.get("dispatcher", f"/orders?q={short}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, "search.too_short")
    assert _ids(world, "other_dispatcher", f"q={quote('路灯')}") == []


def test_search_by_number(world: World) -> None:
    """The whole number as people read it out; with another day it is no order's."""
    order = world.order()
    _place(world, 2)
    number = order["number"]
    day = to_local(order_of(order["id"]).submitted_at)
    assert number == f"{day:%y%m%d}{order['id']:06d}"
    for who in ("dispatcher", "resident"):
        assert _ids(world, who, f"q={number}") == [order["id"]]
    assert _ids(world, "resident2", f"q={number}") == []
    yesterday = f"{day - timedelta(days=1):%y%m%d}{order['id']:06d}"
    for other in (yesterday, f"999999{order['id']:06d}", f"9{order['id']:06d}"):
        assert _ids(world, "dispatcher", f"q={other}") == []


def test_staff_search_by_the_end_of_the_number(world: World) -> None:
    """The last six digits or more, of what they see; residents give the whole number."""
    order = world.order()
    _place(world, 2)
    for words in (order["number"][cut:] for cut in range(1, 7)):
        assert _ids(world, "dispatcher", f"q={words}") == [order["id"]]
        for who in ("other_dispatcher", "resident", "member"):
            assert _ids(world, who, f"q={words}") == [], who
    assert _ids(world, "dispatcher", f"q={order['number'][7:]}") == []


def test_search_by_phone_is_for_staff(world: World) -> None:
    """The exact phone, within what they see; nobody finds out by it whom a phone belongs to."""
    body = {"contact_phone": "13812345678"}
    order_id = _place(world, 1, "resident", **body)[0]
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    _place(world, 1)
    for who, wanted in (
        ("dispatcher", [order_id]),
        ("grid", [order_id]),
        ("street", [order_id]),
        ("member", []),
        ("resident", []),
        ("other_dispatcher", []),
    ):
        assert _ids(world, who, "q=13812345678") == wanted, who
    assert _ids(world, "dispatcher", "q=1381234567") == []


def test_pages_of_the_history(world: World) -> None:
    """Oldest first, from cursor to cursor."""
    order = world.claimed()
    world.act("member", order["id"], "start")
    path = f"/orders/{order['id']}/events?limit=3"
    first = world.get("dispatcher", path).get_json()
    second = world.get("dispatcher", f"{path}&cursor={first['next_cursor']}").get_json()
    assert [event["seq"] for event in first["items"] + second["items"]] == [1, 2, 3, 4]
    assert second["next_cursor"] is None


def test_the_counter_for_boards(world: World) -> None:
    """How many acts since, 304 where there were none; the unit's staff alone."""
    path = f"/orders/changes?unit_id={world.community.id}"
    assert world.get("dispatcher", path).status_code == 304
    order_id = _place(world, 1)[0]
    answer = world.get("dispatcher", path)
    assert answer.get_json() == {"after": 0, "count": 1}
    long_ago = now() - timedelta(minutes=1)
    session.execute(update(OrderEvent).values(recorded_at=long_ago))
    after = world.get("dispatcher", path).get_json()["after"]
    assert after > 0
    assert world.get("dispatcher", f"{path}&after={after}").status_code == 304
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    _place(world, 1, "other_resident")
    assert world.get("dispatcher", f"{path}&after={after}").get_json()["count"] == 1
    for who, unit_id in (
        ("resident", world.community.id),
        ("member", world.community.id),
        ("other_dispatcher", world.community.id),
        ("dispatcher", 999_999),
    ):
        answer = world.get(who, f"/orders/changes?unit_id={unit_id}")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found"), who
