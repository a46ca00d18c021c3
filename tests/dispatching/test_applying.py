"""A matching is carried out row by row: what still can be is, what cannot be is told, and no more."""

from collections.abc import Callable
from typing import Any

from app.dispatching.models import BulkRun
from app.kernel.clock import now
from app.kernel.database import session
from tests.conftest import count
from tests.dispatching.test_matchings import LAMP, VISIT, alone, propose
from tests.orders.rows import heard, last_message, refused
from tests.orders.stories import actions_of, order_of, read
from tests.world import World

PATH = "/dispatching/matchings/apply"


def apply(
    world: World, *given: tuple[int, list[str]], who: str = "dispatcher", **headers: str
) -> list[dict[str, Any]]:
    """The results of rows (order, keys of people)."""
    rows = [{"order_id": id_, "assignee_ids": [world.ids[k] for k in keys]} for id_, keys in given]
    answer = world.call(who, "POST", PATH, {"rows": rows}, **headers)
    assert answer.status_code == 200, answer.json
    return list((answer.json or {})["results"])


def test_a_proposal_is_carried_out_as_it_was(world: World) -> None:
    """Members are asked, grid workers told; each hears of it once."""
    submitted, pooled = world.order()["id"], world.order()["id"]
    world.act("dispatcher", pooled, "dispatch", mode="pool")
    found = propose(world)
    rows = [
        {"order_id": row["order_id"], "assignee_ids": [a["id"] for a in row["assignees"]]}
        for row in found["rows"]
    ]
    answer = world.post("dispatcher", PATH, rows=rows)
    assert [r["status"] for r in answer.json["results"]] == [200, 200]
    assert [r["order_id"] for r in answer.json["results"]] == [r["order_id"] for r in rows]
    for order in (submitted, pooled):
        assert order_of(order).status in ("dispatched", "claimed")
        assert order_of(order).mode in ("direct", "assigned")
    assert propose(world)["rows"] == []


def test_asked_and_told(world: World) -> None:
    asked, told = world.order()["id"], world.order()["id"]
    since = last_message()
    assert [r["status"] for r in apply(world, (asked, ["member"]), (told, ["grid"]))] == [200, 200]
    assert (order_of(asked).offered_to_id, order_of(asked).mode) == (world.ids["member"], "direct")
    assert (order_of(told).holder_id, order_of(told).mode) == (world.ids["grid"], "assigned")
    assert heard(world, asked, since) == {("member", "offered")}
    assert heard(world, told, since) == {("grid", "assigned"), ("resident", "claimed")}


def test_claimed_meanwhile(world: World) -> None:
    """Two have taken theirs from the pool; the rest goes out, and nobody loses what he has."""
    orders = [world.order()["id"] for _ in range(3)]
    for order in orders:
        world.act("dispatcher", order, "dispatch", mode="pool")
    world.act("member2", orders[0], "claim")
    world.act("volunteer", orders[2], "claim")
    found = apply(world, *((order, ["member"]) for order in orders))
    assert [(r["status"], r.get("code")) for r in found] == [
        (409, "order.already_claimed"),
        (200, None),
        (409, "order.already_claimed"),
    ]
    assert found[0]["message"] == "已经有人接了这张工单。"
    assert order_of(orders[0]).holder_id == world.ids["member2"]
    assert order_of(orders[1]).offered_to_id == world.ids["member"]
    assert order_of(orders[2]).holder_id == world.ids["volunteer"]


def test_each_refusal_in_its_row(world: World, change: Callable[..., None]) -> None:
    """Codes as the verbs for one order have them; the last row, which is right, goes out."""
    change("member2", away_until=now().replace(year=now().year + 1))
    change("volunteer", skills=["水工"])
    own = world.order("member")["id"]
    lamp = world.order(category_id=world.categories[LAMP])["id"]
    offered = world.order()["id"]
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    world.act("dispatcher", offered, "dispatch", **body)
    foreign = world.order("other_resident")["id"]
    right = world.order()["id"]
    found = apply(
        world,
        (own, ["member"]),
        (lamp, ["member2"]),
        (lamp, ["volunteer"]),
        (lamp, ["other_member"]),
        (lamp, ["resident2"]),
        (lamp, ["member", "grid"]),
        (offered, ["grid"]),
        (foreign, ["member"]),
        (right, ["member"]),
    )
    assert [(r["status"], r.get("code")) for r in found] == [
        (422, "order.own"),
        (409, "person.away"),
        (409, "assignee.skill_missing"),
        (422, "assignee.unknown"),
        (422, "assignee.unknown"),
        (422, "matching.people"),
        (409, "order.already_offered"),
        (404, "not_found"),
        (200, None),
    ]
    assert all("code" not in r and "message" not in r for r in found if r["status"] == 200)
    assert all(r["message"][-1] == "。" for r in found if r["status"] != 200)
    assert order_of(lamp).status == "submitted"
    assert actions_of(lamp) == ["submit"]


def test_a_refused_row_leaves_no_trace(world: World) -> None:
    """Neither history nor messages of it; those of its neighbour stay."""
    wrong, right = world.order()["id"], world.order()["id"]
    since = last_message()
    apply(world, (wrong, ["resident2"]), (right, ["member"]))
    assert heard(world, wrong, since) == set()
    assert heard(world, right, since) == {("member", "offered")}
    assert actions_of(wrong) == ["submit"]


def test_rows_count_against_the_caps(world: World) -> None:
    """What the same run has given counts: the third is over two a day."""
    orders = [world.order()["id"] for _ in range(3)]
    found = apply(world, *((order, ["member"]) for order in orders))
    assert [(r["status"], r.get("code")) for r in found] == [
        (200, None),
        (200, None),
        (409, "assignee.daily_cap"),
    ]


def test_a_refused_row_does_not_count(world: World) -> None:
    own, first, second = (world.order(who)["id"] for who in ("member", "resident", "resident"))
    found = apply(world, (own, ["member"]), (first, ["member"]), (second, ["member"]))
    assert [r["status"] for r in found] == [422, 200, 200]


def test_two_go_together(world: World, change: Callable[..., None]) -> None:
    """The first answers for it, both hear with whom; the resident reads it."""
    for who in ("member", "member2"):
        change(who, vetted=True)
    alone(change, "grid", "volunteer")
    order = world.order(category_id=world.categories[VISIT])["id"]
    since = last_message()
    assert apply(world, (order, ["member"]))[0]["code"] == "matching.people"
    assert apply(world, (order, ["member", "member"]))[0]["code"] == "matching.people"
    assert apply(world, (order, ["member", "member2"]))[0]["status"] == 200
    assert heard(world, order, since) == {
        ("member", "offered"),
        ("member", "companion"),
        ("member2", "companion"),
    }
    found = order_of(order)
    assert (found.offered_to_id, found.people_needed) == (world.ids["member"], 2)
    events = read(world, "resident", f"/orders/{order}/events")["items"]
    assert events[-1]["note"].startswith("同行：测*")


def test_both_or_none(world: World, change: Callable[..., None]) -> None:
    """The second has gone away: the first is not asked."""
    for who in ("member", "member2"):
        change(who, vetted=True)
    order = world.order(category_id=world.categories[VISIT])["id"]
    change("member2", away_until=now().replace(year=now().year + 1))
    since = last_message()
    (result,) = apply(world, (order, ["member", "member2"]))
    assert (result["status"], result["code"]) == (409, "person.away")
    assert order_of(order).status == "submitted"
    assert heard(world, order, since) == set()


def test_by_whom(world: World) -> None:
    """The rights of the single verbs, row by row."""
    submitted, pooled = world.order()["id"], world.order()["id"]
    world.act("dispatcher", pooled, "dispatch", mode="pool")
    for who, expected in (
        ("other_dispatcher", [404, 404]),
        ("resident2", [404, 404]),
        ("resident", [403, 403]),
        ("grid", [403, 403]),
        ("duty", [200, 403]),
    ):
        found = apply(world, (submitted, ["member"]), (pooled, ["member2"]), who=who)
        assert [r["status"] for r in found] == expected, who


def test_repeated_under_its_key(world: World) -> None:
    """The first results again, though the order is long given out; nothing is done twice."""
    order = world.order()["id"]
    first = apply(world, (order, ["member"]), Idempotency_Key="apply-1")
    world.act("member", order, "claim")
    since, runs = last_message(), count(BulkRun)
    assert apply(world, (order, ["member"]), Idempotency_Key="apply-1") == first
    assert (last_message(), count(BulkRun)) == (since, runs)
    other = world.order()["id"]
    rows = [{"order_id": other, "assignee_ids": [world.ids["member"]]}]
    again = world.call("dispatcher", "POST", PATH, {"rows": rows}, Idempotency_Key="apply-1")
    assert (again.status_code, again.json["code"]) == (422, "idempotency.key_reused")


def test_bad_shapes(world: World) -> None:
    """Refused as a whole."""
    order, member = world.order()["id"], world.ids["member"]
    for rows in (
        [],
        [{"order_id": order}],
        [{"order_id": order, "assignee_ids": []}],
        [{"order_id": order, "assignee_ids": [member], "time": None}],
        [{"order_id": order, "assignee_ids": [member]}] * 201,
    ):
        assert refused(world, "dispatcher", PATH, rows=rows)[0] == 422


def test_what_is_kept(world: World) -> None:
    """Who, what, and what came of each; nothing of anybody's words."""
    order = world.order()["id"]
    apply(world, (order, ["member"]))
    run = session.query(BulkRun).order_by(BulkRun.id.desc()).first()
    assert run is not None
    assert (run.actor_id, run.action) == (world.ids["dispatcher"], "apply_matching")
    assert run.results == [{"id": order, "status": 200}]
