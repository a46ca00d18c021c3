"""社区派单: pool, offer, assignment; to whom not; terms; reassigning, recalling, rejecting, settling."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.kernel.clock import now
from app.kernel.database import session
from app.organisation.service import create_provider
from app.organisation.states import ProviderKind
from app.people.models import Person
from app.people.service import deactivate_person
from tests.orders.rows import heard, last_message, later, refused
from tests.orders.stories import actions_of, code_of, do, events_for, order_of, read, stage_of
from tests.world import SYSTEM, World


def _path(order: dict[str, Any], action: str = "dispatch") -> str:
    return f"/orders/{order['id']}/{action}"


def test_into_the_pool(world: World) -> None:
    """Who may claim there sees it; the resident hears that somebody is looked for."""
    order = world.order()
    since = last_message()
    given = world.act("dispatcher", order["id"], "dispatch", mode="pool")
    assert (given["status"], given["mode"], given["assignees"]) == ("dispatched", "pool", [])
    assert given["dispatched_at"] is not None
    assert given["content_state"] == "passed"
    assert heard(world, order["id"], since) == {("resident", "pooled")}
    for who in ("member", "member2", "volunteer"):
        assert "claim" in read(world, who, f"/orders/{order['id']}")["actions"]
    assert world.get("other_member", f"/orders/{order['id']}").status_code == 404


def test_offered_to_one(world: World) -> None:
    """A member or volunteer is asked; nobody else sees it; only that person claims or declines."""
    order = world.order()
    since = last_message()
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    given = world.act("dispatcher", order["id"], "dispatch", **body)
    assert (given["status"], given["mode"]) == ("dispatched", "direct")
    assert heard(world, order["id"], since) == {("member", "offered")}
    assert world.get("member2", f"/orders/{order['id']}").status_code == 404
    assert refused(world, "member2", _path(order, "claim")) == (404, "not_found")
    offered = read(world, "member", f"/orders/{order['id']}")
    assert {"claim", "decline"} <= set(offered["actions"])
    assert world.act("member", order["id"], "claim")["status"] == "claimed"


@pytest.mark.parametrize(("who", "kind"), [("grid", "grid"), ("duty", "staff")])
def test_assigned_to_staff(world: World, who: str, kind: str) -> None:
    """Grid workers and staff are not asked: claimed at once."""
    order = world.order()
    since = last_message()
    body = {"mode": "direct", "assignee_id": world.ids[who]}
    given = world.act("dispatcher", order["id"], "dispatch", **body)
    assert (given["status"], given["mode"]) == ("claimed", "assigned")
    assert [(a["kind"], a["id"]) for a in given["assignees"]] == [(kind, world.ids[who])]
    assert heard(world, order["id"], since) == {(who, "assigned"), ("resident", "claimed")}
    assert world.act(who, order["id"], "start")["status"] == "in_progress"


def test_assigned_to_a_provider_without_account(world: World) -> None:
    """Claimed at once; the unit's staff record what it does."""
    order = world.order()
    body = {"mode": "direct", "provider_id": world.provider.id}
    given = world.act("dispatcher", order["id"], "dispatch", **body)
    assert given["status"] == "claimed"
    assert given["assignees"] == [
        {"kind": "provider", "id": world.provider.id, "name": "安心物业", "part": None}
    ]
    world.act("duty", order["id"], "progress", note="物业说下午两点到现场检修。")
    assert world.act("duty", order["id"], "complete", note="物业修好了。")["status"] == "completed"


def test_to_nobody_from_elsewhere(world: World) -> None:
    """Who does not belong is as good as unknown, residents too; refusals change nothing."""
    order = world.order()
    foreign = ("other_member", "other_grid", "other_dispatcher", "resident2", "street", "admin")
    for who in foreign[:4] + foreign[5:]:
        body = {"mode": "direct", "assignee_id": world.ids[who]}
        sent = refused(world, "dispatcher", _path(order), **body)
        assert sent == (422, "assignee.unknown"), who
    sent = refused(world, "dispatcher", _path(order), mode="direct", assignee_id=999_999)
    assert sent == (422, "assignee.unknown")
    given = world.act(
        "dispatcher", order["id"], "dispatch", mode="direct", assignee_id=world.ids["street"]
    )
    assert given["assignees"][0]["id"] == world.ids["street"]


def test_to_no_provider_from_elsewhere(world: World) -> None:
    """Of another community, closed, or none at all."""
    order = world.order()
    foreign = do(
        create_provider,
        SYSTEM,
        unit_id=world.other_community.id,
        name="别处物业",
        kind=ProviderKind.PROPERTY,
        phone="05317654321",
    ).id
    for provider_id in (foreign, 999_999):
        sent = refused(world, "dispatcher", _path(order), mode="direct", provider_id=provider_id)
        assert sent == (422, "provider.unknown")


def test_one_and_one_only(world: World) -> None:
    """Direct needs one of both, the pool none; assigned is no mode to ask for."""
    order = world.order()
    ways: list[tuple[dict[str, Any], str]] = [
        ({"mode": "direct"}, "order.assignee_required"),
        (
            {
                "mode": "direct",
                "assignee_id": world.ids["grid"],
                "provider_id": world.provider.id,
            },
            "order.assignee_required",
        ),
        ({"mode": "pool", "assignee_id": world.ids["grid"]}, "order.pool_has_no_assignee"),
        ({"mode": "assigned", "assignee_id": world.ids["grid"]}, "body.invalid"),
        ({}, "body.invalid"),
    ]
    for body, code in ways:
        assert refused(world, "dispatcher", _path(order), **body) == (422, code)


def test_not_to_who_is_away_blocked_or_gone(world: World) -> None:
    """暂不接单, two missed visits, inactive."""
    order = world.order()
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    person = session.get_one(Person, world.ids["member"])
    person.away_until = now() + timedelta(days=1)
    session.commit()
    assert refused(world, "dispatcher", _path(order), **body) == (409, "person.away")
    session.get_one(Person, world.ids["member"]).away_until = now() - timedelta(seconds=1)
    session.get_one(Person, world.ids["member"]).offers_blocked_at = now()
    session.commit()
    assert refused(world, "dispatcher", _path(order), **body) == (409, "person.offers_blocked")
    do(deactivate_person, world.actor("leader"), world.ids["member"], "搬走了")
    assert refused(world, "dispatcher", _path(order), **body) == (422, "assignee.unknown")


def test_not_to_whom_it_is_for(world: World) -> None:
    """A member's own order, or one placed by the member for another."""
    for body in ({}, {"on_behalf_of": {"name": "李奶奶", "phone": "13912345678"}}):
        order = world.order("member", **body)
        sent = refused(
            world, "dispatcher", _path(order), mode="direct", assignee_id=world.ids["member"]
        )
        assert sent == (422, "order.own")


def test_after_two_returns_the_leader_assigns(world: World) -> None:
    """No third time into the pool by the dispatcher; the leader is told and may."""
    order = world.order()
    world.act("dispatcher", order["id"], "dispatch", mode="pool")
    for who in ("member", "member2"):
        since = last_message()
        world.act(who, order["id"], "claim")
        world.act(who, order["id"], "return", reason="家里有急事")
        told_leader = ("leader", "leader_assigns") in heard(world, order["id"], since)
        assert told_leader is (who == "member2")
    world.act("dispatcher", order["id"], "recall", reason="请领导指派")
    sent = refused(world, "dispatcher", _path(order), mode="pool")
    assert sent == (409, "order.leader_assigns")
    assert world.act("leader", order["id"], "dispatch", mode="pool")["status"] == "dispatched"


def test_declines_count_like_returns(world: World) -> None:
    """Offered, declined, twice: the desk gets it back each time, the leader hears the second."""
    order = world.order()
    for who in ("member", "member2"):
        body = {"mode": "direct", "assignee_id": world.ids[who]}
        world.act("dispatcher", order["id"], "dispatch", **body)
        since = last_message()
        world.act(who, order["id"], "decline", reason="这周不在")
        told = heard(world, order["id"], since)
        desk = {(staff, "declined") for staff in ("dispatcher", "duty", "leader")}
        assert told == desk | ({("leader", "leader_assigns")} if who == "member2" else set())
        assert world.get(who, f"/orders/{order['id']}").status_code == 404
    assert order_of(order["id"]).status == "submitted"
    assert refused(world, "dispatcher", _path(order), mode="pool")[1] == "order.leader_assigns"


def test_terms(world: World) -> None:
    """定人员、定时间、定任务; a date in the past is refused, and one after the promise."""
    order = world.order()
    past = refused(world, "dispatcher", _path(order), mode="pool", due_at=later(seconds=-1))
    assert past == (422, "order.due_in_the_past")
    late = refused(world, "dispatcher", _path(order), mode="pool", due_at=later(days=8))
    assert late == (422, "order.beyond_deadline")
    naive = refused(world, "dispatcher", _path(order), mode="pool", due_at="2027-01-01T09:00:00")
    assert naive == (422, "time.zone_missing")
    due = later(days=2)
    given = world.act(
        "dispatcher",
        order["id"],
        "dispatch",
        mode="pool",
        due_at=due,
        task="换灯管",
        people_needed=2,
        note="带梯子",
    )
    assert (given["task"], given["people_needed"]) == ("换灯管", 2)
    assert stage_of(given, "solve")["state"] == "pending"
    assert order_of(order["id"]).due_at == datetime.fromisoformat(due)
    imposed = world.order("duty", source="superior", imposed_due_at=later(hours=2))
    beyond = refused(world, "dispatcher", _path(imposed), mode="pool", due_at=later(hours=3))
    assert beyond == (422, "order.beyond_deadline")
    world.act("dispatcher", imposed["id"], "dispatch", mode="pool")
    row = order_of(imposed["id"])
    assert row.next_due_at == row.due_at == row.imposed_due_at


def test_who_may_not_dispatch(world: World) -> None:
    """The resident and the grid worker see it and may not; a foreign desk does not see it."""
    order = world.order()
    for who, wanted in (
        ("resident", (403, "order.not_allowed")),
        ("grid", (403, "order.not_allowed")),
        ("member", (404, "not_found")),
        ("resident2", (404, "not_found")),
        ("other_dispatcher", (404, "not_found")),
        ("admin", (404, "not_found")),
    ):
        assert refused(world, who, _path(order), mode="pool") == wanted, who
    assert world.act("street", order["id"], "dispatch", mode="pool")["status"] == "dispatched"


def test_reassigning_tells_both(world: World) -> None:
    """From one to another; not to the same; the history names the reason."""
    order = world.claimed()
    same = refused(
        world,
        "dispatcher",
        _path(order, "reassign"),
        reason="换人",
        assignee_id=world.ids["member"],
    )
    assert same == (409, "order.same_handler")
    since = last_message()
    given = world.act(
        "dispatcher", order["id"], "reassign", reason="换人", assignee_id=world.ids["grid"]
    )
    assert [a["id"] for a in given["assignees"]] == [world.ids["grid"]]
    assert heard(world, order["id"], since) == {
        ("grid", "assigned"),
        ("member", "reassigned_away"),
        ("resident", "claimed"),
        ("resident", "reassigned"),
    }
    assert code_of(world, "member", order["id"], "progress", note="我还在办这件事情呢。") == (
        404,
        "not_found",
    )
    assert events_for(world, "dispatcher", order["id"])[-1]["note"] == "换人"


def test_recalling_tells_who_had_it(world: World) -> None:
    """Back to the desk."""
    order = world.claimed()
    since = last_message()
    given = world.act("dispatcher", order["id"], "recall", reason="先等等")
    assert (given["status"], given["assignees"], given["mode"]) == ("submitted", [], None)
    assert heard(world, order["id"], since) == {("member", "recalled")}


def test_acknowledged_once(world: World) -> None:
    """签收 stops the paging; a second one hears so; in an emergency the resident is told."""
    order = world.order(category_id=world.categories["电梯困人"])
    since = last_message()
    seen = world.act("duty", order["id"], "acknowledge")
    assert (seen["status"], seen["acknowledged_at"] is None) == ("submitted", False)
    assert "acknowledge" not in seen["actions"]
    assert heard(world, order["id"], since) == {("resident", "acknowledged")}
    again = refused(world, "leader", _path(order, "acknowledge"))
    assert again == (409, "order.already_acknowledged")
    assert refused(world, "grid", _path(order, "acknowledge")) == (403, "order.not_allowed")


def test_settled_on_the_spot(world: World) -> None:
    """当场办结 by the grid worker, who is then the handler; the resident is asked."""
    order = world.order()
    since = last_message()
    done = world.act("grid", order["id"], "settle", note="当面答复了。")
    assert done["status"] == "completed"
    assert [(a["kind"], a["id"]) for a in done["assignees"]] == [("grid", world.ids["grid"])]
    assert heard(world, order["id"], since) == {("resident", "settled")}
    assert actions_of(order["id"]) == ["submit", "settle"]


def test_rejecting_says_why_and_whom_to_ask(world: World) -> None:
    """Both are mandatory and both are for the resident."""
    order = world.order()
    for body in ({"reason": "不归社区"}, {"note": "供电公司"}, {"reason": "不归", "note": " "}):
        assert refused(world, "dispatcher", _path(order, "reject"), **body)[0] == 422
    since = last_message()
    body = {"reason": "不归社区", "note": "供电公司"}
    done = world.act("dispatcher", order["id"], "reject", **body)
    assert (done["status"], done["closed_at"] is None) == ("rejected", False)
    assert heard(world, order["id"], since) == {("resident", "rejected")}
    words = events_for(world, "resident", order["id"])[-1]["note"]
    assert "不归社区" in words and "供电公司" in words
