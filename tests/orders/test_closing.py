"""评价、回访、核查、重办、研判、撤单、催单、没来: how an order comes to its end or back."""

from datetime import timedelta
from typing import Any

import pytest

from app.categories.models import Category
from app.kernel.clock import now
from app.kernel.database import session
from app.orders.ticket.models import NoShow, OrderCall, OrderRating
from app.orders.ticket.states import CloseKind
from app.people.models import Person
from tests.conftest import Clock, count
from tests.orders.rows import heard, last_message, later, local_morning, refused
from tests.orders.stages import claimed, closed, completed, rejected
from tests.orders.stories import events_for, order_of, read, stage_of
from tests.world import World

pytestmark = pytest.mark.slow

DESK = {"dispatcher", "duty", "leader"}


def _desk(moment: str) -> set[tuple[str, str]]:
    return {(who, moment) for who in DESK}


def _checked_first(world: World) -> None:
    session.get_one(Category, world.categories["四害消杀"]).check_before_answer = True
    session.commit()


def _again(world: World, order_id: int) -> None:
    """Done once more by the grid worker, and once more not solved."""
    body = {"mode": "direct", "assignee_id": world.ids["grid"]}
    world.act("dispatcher", order_id, "dispatch", **body)
    world.act("grid", order_id, "complete", note="又办了一次。")
    world.act("resident", order_id, "rate", solved=False)


def _to_decide(world: World) -> int:
    order_id = completed(world)
    world.act("resident", order_id, "rate", solved=False)
    _again(world, order_id)
    return order_id


def test_solved_closes(world: World) -> None:
    """The handler is thanked; nobody else hears of it."""
    order_id = completed(world)
    since = last_message()
    order = world.act("resident", order_id, "rate", solved=True, stars=4, comment="很快")
    assert (order["status"], order["closed_at"] is None) == ("closed", False)
    rating = order["rating"]
    assert (rating["solved"], rating["stars"], rating["comment"]) == (True, 4, "很快")
    assert not rating["by_follow_up"]
    assert order_of(order_id).close_kind is CloseKind.SOLVED
    assert heard(world, order_id, since) == {("member", "rated")}
    assert "follow_up_due" not in order["flags"]


def test_unsolved_is_a_new_round(world: World) -> None:
    """The same order, back on the desk; nothing of the round before is held over."""
    order_id = completed(world)
    since = last_message()
    order = world.act("resident", order_id, "rate", solved=False, comment="还是不亮")
    assert (order["status"], order["round"], order["assignees"]) == ("submitted", 2, [])
    assert (order["claimed_at"], order["completed_at"], order["mode"]) == (None, None, None)
    assert order["submitted_at"] == read(world, "dispatcher", f"/orders/{order_id}")["submitted_at"]
    assert heard(world, order_id, since) == _desk("unsolved") | {("member", "unsolved")}
    assert "to_decide" not in order["flags"]
    assert order_of(order_id).holder_id is None


def test_solved_but_dissatisfied_goes_to_follow_up(world: World) -> None:
    """Closed, flagged, the desk is told."""
    order_id = completed(world)
    since = last_message()
    order = world.act("resident", order_id, "rate", solved=True, satisfied=False)
    assert order["status"] == "closed"
    assert "follow_up_due" in order["flags"]
    assert heard(world, order_id, since) == _desk("dissatisfied") | {("member", "rated")}
    done = world.act("dispatcher", order_id, "follow_up", outcome="reached", solved=True)
    assert (done["status"], "follow_up_due" in done["flags"]) == ("closed", False)
    assert order_of(order_id).close_kind is CloseKind.SOLVED


def test_who_may_rate(world: World) -> None:
    """The requester alone, once, with one to five stars."""
    order_id = completed(world)
    path = f"/orders/{order_id}/rate"
    for who in ("member", "dispatcher", "leader"):
        assert refused(world, who, path, solved=True) == (403, "order.not_allowed")
    assert refused(world, "resident2", path, solved=True) == (404, "not_found")
    for stars in (0, 6):
        assert refused(world, "resident", path, solved=True, stars=stars)[0] == 422
    assert refused(world, "resident", path)[0] == 422
    world.act("resident", order_id, "rate", solved=True)
    assert refused(world, "resident", path, solved=True) == (409, "order.action_not_allowed")


def test_the_second_not_solved_is_the_leaders(world: World) -> None:
    """研判 before anything else; the leader is told."""
    order_id = completed(world)
    world.act("resident", order_id, "rate", solved=False)
    decided = refused(world, "leader", f"/orders/{order_id}/decide", again=True, reason="再派")
    assert decided == (409, "order.nothing_to_decide")
    since = last_message()
    _again(world, order_id)
    told = heard(world, order_id, since)
    assert ("leader", "decide") in told and ("dispatcher", "unsolved_again") in told
    assert not {moment for _, moment in told} & {"unsolved"}
    seen = read(world, "leader", f"/orders/{order_id}")
    assert (seen["round"], "to_decide" in seen["flags"]) == (3, True)
    assert "decide" in seen["actions"] and "dispatch" not in seen["actions"]
    for path, body in (("dispatch", {"mode": "pool"}), ("settle", {"note": "答复了。"})):
        sent = refused(world, "leader", f"/orders/{order_id}/{path}", **body)
        assert sent == (409, "order.decide_first")
    sent = refused(world, "dispatcher", f"/orders/{order_id}/decide", again=True, reason="再派")
    assert sent == (403, "order.not_allowed")
    order = world.act("leader", order_id, "decide", again=True, reason="换物业来修")
    assert (order["status"], "to_decide" in order["flags"]) == ("submitted", False)
    assert events_for(world, "resident", order_id)[-1]["action"] != "decide"
    assert world.act("dispatcher", order_id, "dispatch", mode="pool")["status"] == "dispatched"


def test_closed_as_not_recognised_is_countersigned(world: World) -> None:
    """By the unit above alone; not solved, not satisfied: shown apart."""
    order_id = _to_decide(world)
    ratings = count(OrderRating)
    order = world.act("leader", order_id, "decide", again=False, reason="已无法再办")
    assert order["status"] == "submitted"
    request_id = order["requests"][0]["id"]
    path = f"/orders/{order_id}/requests/{request_id}/agree"
    for who in ("leader", "dispatcher"):
        assert refused(world, who, path) == (403, "order.not_allowed")
    since = last_message()
    assert world.post("street", path).get_json()["status"] == "closed"
    assert ("resident", "closed_unrecognised") in heard(world, order_id, since)
    seen = read(world, "resident", f"/orders/{order_id}")
    assert "not_recognised" in seen["flags"] and "unanswered" not in seen["flags"]
    assert order_of(order_id).close_kind is CloseKind.NOT_RECOGNISED
    assert not order_of(order_id).to_decide
    assert count(OrderRating) == ratings
    assert seen["rating"]["solved"] is False


def test_follow_up_by_other_than_the_handler(world: World) -> None:
    """Neither while it waits for its answer nor after; a helper is a handler."""
    order_id = int(world.order()["id"])
    body = {"mode": "direct", "assignee_id": world.ids["grid"]}
    world.act("dispatcher", order_id, "dispatch", **body)
    helpers = {"helper_ids": [world.ids["leader"]]}
    world.act("grid", order_id, "complete", note="办好了。", **helpers)
    path = f"/orders/{order_id}/follow_up"
    told = {"outcome": "reached", "solved": True}
    for _ in range(2):
        for who in ("grid", "leader", "duty", "resident"):
            assert refused(world, who, path, **told) == (403, "order.not_allowed"), who
        done = world.act("dispatcher", order_id, "follow_up", **told)
        assert done["status"] == "closed"
    assert order_of(order_id).close_kind is CloseKind.BY_FOLLOW_UP
    assert read(world, "resident", f"/orders/{order_id}")["rating"]["by_follow_up"]


def test_calls_that_reach_nobody_only_count(world: World) -> None:
    """接通 needs an answer; the others are rows and nothing else; the word is noted as the resident's."""
    order_id = completed(world)
    path = f"/orders/{order_id}/follow_up"
    assert refused(world, "dispatcher", path, outcome="reached") == (422, "order.solved_required")
    since = last_message()
    for outcome in ("no_answer", "wrong_number", "refused"):
        order = world.act("dispatcher", order_id, "follow_up", outcome=outcome, solved=True)
        assert (order["status"], order["rating"]) == ("completed", None)
    assert count(OrderCall) == 3
    assert heard(world, order_id, since) == set()
    order = world.act("dispatcher", order_id, "follow_up", outcome="reached", solved=False)
    assert (order["status"], order["round"]) == ("submitted", 2)
    assert count(OrderCall) == 4


def test_check_passed(world: World) -> None:
    """Where the category asks for it the resident is asked after it, not before."""
    _checked_first(world)
    order_id = claimed(world)
    since = last_message()
    world.act("member", order_id, "complete", note="办好了。")
    assert heard(world, order_id, since) == _desk("to_check")
    early = refused(world, "resident", f"/orders/{order_id}/rate", solved=True)
    assert early == (409, "order.check_first")
    since = last_message()
    order = world.act("dispatcher", order_id, "check", passed=True)
    assert order["status"] == "completed"
    assert heard(world, order_id, since) == {("resident", "completed")}
    again = refused(world, "leader", f"/orders/{order_id}/check", passed=True)
    assert again == (409, "order.already_checked")
    assert world.act("resident", order_id, "rate", solved=True)["status"] == "closed"


def test_check_failed(world: World) -> None:
    """As if never met: the same hands, the same date; the resident hears nothing."""
    _checked_first(world)
    due = now() + timedelta(days=2)
    order_id = int(world.order(category_id=world.categories["四害消杀"])["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool", due_at=due.isoformat())
    world.act("member", order_id, "claim")
    world.act("member", order_id, "complete", note="办好了。")
    path = f"/orders/{order_id}/check"
    assert refused(world, "dispatcher", path, passed=False) == (422, "order.reason_required")
    assert refused(world, "member", path, passed=True) == (403, "order.not_allowed")
    since = last_message()
    order = world.act("dispatcher", order_id, "check", passed=False, note="还有老鼠")
    assert (order["status"], order["completed_at"], order["round"]) == ("in_progress", None, 1)
    assert [a["id"] for a in order["assignees"]] == [world.ids["member"]]
    assert order_of(order_id).next_due_at == due
    assert stage_of(order, "solve")["state"] == "pending"
    assert heard(world, order_id, since) == {("member", "check_failed")}
    assert events_for(world, "resident", order_id)[-1]["action"] == "complete"
    assert world.act("member", order_id, "complete", note="又办了。")["status"] == "completed"


def test_nobody_checks_the_own_work(world: World) -> None:
    """A dispatcher who has handled it."""
    order_id = int(world.order()["id"])
    world.act("dispatcher", order_id, "settle", note="答复了。")
    sent = refused(world, "dispatcher", f"/orders/{order_id}/check", passed=True)
    assert sent == (403, "order.not_allowed")
    world.act("leader", order_id, "check", passed=True)


def test_reopening_within_thirty_days(world: World, clock: Clock) -> None:
    """To the second; by the requester or staff; told to the desk."""
    clock.set(local_morning().isoformat())
    first, second = closed(world), closed(world)
    clock.set((now() + timedelta(days=30)).isoformat())
    since = last_message()
    order = world.act("resident", first, "reopen", reason="又坏了")
    assert (order["status"], order["round"], order["closed_at"]) == ("submitted", 2, None)
    assert heard(world, first, since) == _desk("reopened")
    clock.set((now() + timedelta(seconds=1)).isoformat())
    late = refused(world, "resident", f"/orders/{second}/reopen", reason="又坏了")
    assert late == (409, "order.too_late_to_reopen")
    for who, wanted in (("member", (403, "order.not_allowed")), ("resident2", (404, "not_found"))):
        assert refused(world, who, f"/orders/{second}/reopen", reason="又坏了") == wanted


def test_an_appeal_goes_to_the_unit_above(world: World) -> None:
    """申诉: the street owns it, its second rejection is final, the community is out of it."""
    order_id = rejected(world)
    since = last_message()
    order = world.act("resident", order_id, "reopen", reason="就该社区管")
    assert (order["status"], order["unit"]["id"]) == ("submitted", world.street.id)
    assert order["first_unit"]["id"] == world.community.id
    assert "appealed" in order["flags"]
    assert heard(world, order_id, since) == {("street", "appeal")}
    assert world.get("dispatcher", f"/orders/{order_id}").status_code == 404
    body = {"reason": "确实不归社区", "note": "请找供电公司"}
    assert refused(world, "leader", f"/orders/{order_id}/reject", **body) == (404, "not_found")
    done = world.act("street", order_id, "reject", **body)
    assert done["status"] == "rejected"
    assert "reopen" not in read(world, "resident", f"/orders/{order_id}")["actions"]
    for who in ("resident", "street"):
        final = refused(world, who, f"/orders/{order_id}/reopen", reason="还是不服")
        assert final == (409, "order.rejection_final")


def test_an_appeal_granted_runs_on(world: World) -> None:
    """The unit above dispatches it like any other."""
    order_id = rejected(world)
    world.act("resident", order_id, "reopen", reason="就该社区管")
    body = {"mode": "direct", "assignee_id": world.ids["street"]}
    assert world.act("street", order_id, "dispatch", **body)["status"] == "claimed"


def test_cancelling_until_it_is_claimed(world: World) -> None:
    """At once; who was asked or might have claimed is rid of it."""
    order_id = int(world.order()["id"])
    body = {"mode": "direct", "assignee_id": world.ids["member"]}
    world.act("dispatcher", order_id, "dispatch", **body)
    assert refused(world, "dispatcher", f"/orders/{order_id}/cancel") == (403, "order.not_allowed")
    since = last_message()
    assert world.act("resident", order_id, "cancel")["status"] == "cancelled"
    assert heard(world, order_id, since) == {("member", "cancelled")}


def test_urging_once_a_day(world: World, clock: Clock) -> None:
    """In an emergency every half hour; handler and desk hear of it."""
    clock.set(local_morning().isoformat())
    order_id = claimed(world)
    since = last_message()
    world.act("resident", order_id, "urge", note="请快点")
    assert heard(world, order_id, since) == _desk("urged") | {("member", "urged")}
    answer = world.post("resident", f"/orders/{order_id}/urge")
    assert (answer.status_code, answer.get_json()["code"]) == (429, "order.urged_already")
    assert answer.headers["Retry-After"] == str(24 * 3600)
    lift = int(world.order(category_id=world.categories["电梯困人"])["id"])
    world.act("resident", lift, "urge")
    clock.set((now() + timedelta(minutes=29)).isoformat())
    assert refused(world, "resident", f"/orders/{lift}/urge") == (429, "order.urged_already")
    clock.set((now() + timedelta(minutes=1)).isoformat())
    world.act("resident", lift, "urge")
    clock.set((now() + timedelta(hours=23, minutes=30)).isoformat())
    world.act("resident", order_id, "urge")
    assert refused(world, "member", f"/orders/{order_id}/urge") == (403, "order.not_allowed")


def _missed(world: World, clock: Clock) -> int:
    """Appointed, the hour has passed, the resident says so."""
    order_id = claimed(world)
    world.act("member", order_id, "appoint", at=later(hours=1))
    early = refused(world, "resident", f"/orders/{order_id}/not_come")
    assert early == (409, "order.not_yet")
    clock.set((now() + timedelta(hours=1)).isoformat())
    since = last_message()
    world.act("resident", order_id, "not_come")
    assert heard(world, order_id, since) == _desk("not_come")
    again = refused(world, "resident", f"/orders/{order_id}/not_come")
    assert again == (409, "order.not_come_reported")
    return order_id


def _blocked(world: World) -> bool:
    return session.get_one(Person, world.ids["member"]).offers_blocked_at is not None


def _confirm(world: World, order_id: int, confirmed: bool) -> dict[str, Any]:
    body = {"confirmed": confirmed, "note": "双方都问过"}
    return world.act("dispatcher", order_id, "confirm_no_show", **body)


def test_two_missed_visits_end_direct_offers(world: World, clock: Clock) -> None:
    """Confirmed ones, within sixty days; what was not so is forgotten."""
    clock.set(local_morning().isoformat())
    world.lift_caps()
    order_id = _missed(world, clock)
    since = last_message()
    _confirm(world, order_id, False)
    assert heard(world, order_id, since) == {("resident", "no_show_denied")}
    assert count(NoShow) == 0
    _confirm(world, _missed(world, clock), True)
    clock.set((now() + timedelta(days=60)).isoformat())
    _confirm(world, _missed(world, clock), True)
    assert not _blocked(world)
    order_id = _missed(world, clock)
    since = last_message()
    _confirm(world, order_id, True)
    assert _blocked(world)
    told = heard(world, order_id, since)
    assert told == {
        ("resident", "no_show_heard"),
        ("member", "no_show_confirmed"),
        ("leader", "no_show_confirmed"),
    }
