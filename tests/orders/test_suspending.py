"""暂缓、恢复: how long, how often, who agrees, and what the solve date does meanwhile."""

from datetime import datetime, timedelta
from typing import Any

from app.kernel.clock import now
from app.orders.clockwork.timed import resume_due
from tests.conftest import Clock
from tests.orders.rows import heard, last_message, later, local_morning, refused
from tests.orders.stories import actions_of, code_of, do, events_for, order_of, read, stage_of
from tests.world import SYSTEM, World

DAY = timedelta(days=1)


def _held(world: World, clock: Clock, **terms: Any) -> int:
    """Claimed by the member at nine, due in three days; no other date runs, it asks for no report."""
    clock.set(local_morning().isoformat())
    order_id = int(world.order(category_id=world.categories["四害消杀"])["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool", **terms)
    world.act("member", order_id, "claim")
    return order_id


def _pass(clock: Clock, **spans: float) -> None:
    clock.set((now() + timedelta(**spans)).isoformat())


def _suspend(world: World, who: str, order_id: int, days: float) -> dict[str, Any]:
    return world.act(who, order_id, "suspend", reason="等配件", until=later(days=days))


def _pending(world: World, who: str, order_id: int) -> dict[str, Any]:
    asked = read(world, who, f"/orders/{order_id}")["requests"]
    return dict(next(r for r in asked if r["state"] == "pending"))


def _agree(world: World, who: str, order_id: int) -> dict[str, Any]:
    request_id = _pending(world, who, order_id)["id"]
    answer = world.post(who, f"/orders/{order_id}/requests/{request_id}/agree")
    assert answer.status_code == 200, answer.get_json()
    return dict(answer.get_json())


def test_three_days_by_the_handler(world: World, clock: Clock) -> None:
    """At once; the resident hears until when; no date is running meanwhile."""
    order_id = _held(world, clock)
    since = last_message()
    order = _suspend(world, "member", order_id, 3)
    assert (order["status"], order["requests"]) == ("suspended", [])
    assert datetime.fromisoformat(order["suspended_until"]) == now() + 3 * DAY
    assert order["next_due_at"] is None
    assert stage_of(order, "solve")["state"] == "paused"
    assert heard(world, order_id, since) == {("resident", "suspended")}
    assert "long_term" not in order["flags"]


def test_only_the_time_to_solve_stands_still(world: World, clock: Clock) -> None:
    """Reports are due on their day; the promise stays to be read."""
    clock.set(local_morning().isoformat())
    order_id = int(world.claimed()["id"])
    due = order_of(order_id).due_at
    order = _suspend(world, "member", order_id, 3)
    states = {row["stage"]: row["state"] for row in order["deadlines"]}
    assert states == {"arrange": "met", "accept": "met", "report": "pending", "solve": "paused"}
    row = order_of(order_id)
    assert (row.due_at, row.next_due_at) == (due, now() + 3 * DAY)
    assert datetime.fromisoformat(stage_of(order, "solve")["due_at"]) == due


def test_longer_the_dispatcher_agrees(world: World, clock: Clock) -> None:
    """A minute more than three days only asks; the order goes on until it is agreed."""
    order_id = _held(world, clock)
    since = last_message()
    order = _suspend(world, "member", order_id, 3 + 1 / 1440)
    assert order["status"] == "claimed"
    assert order["next_due_at"] is not None
    assert heard(world, order_id, since) == {
        (who, "asked_agreement") for who in ("dispatcher", "leader")
    }
    order = _agree(world, "dispatcher", order_id)
    assert order["status"] == "suspended"
    assert "long_term" not in order["flags"]


def test_the_dispatcher_needs_nobody_up_to_fifteen_days(world: World, clock: Clock) -> None:
    """Fifteen days and no more."""
    order_id = _held(world, clock)
    order = _suspend(world, "dispatcher", order_id, 15)
    assert (order["status"], order["flags"]) == ("suspended", [])


def test_over_fifteen_days_it_is_long_term(world: World, clock: Clock) -> None:
    """挂账 is agreed by the unit above, whoever asks; the community alone does not do."""
    order_id = _held(world, clock)
    order = _suspend(world, "dispatcher", order_id, 16)
    assert order["status"] == "claimed"
    request_id = _pending(world, "street", order_id)["id"]
    for who in ("leader", "duty"):
        sent = refused(world, who, f"/orders/{order_id}/requests/{request_id}/agree")
        assert sent == (403, "order.not_allowed")
    order = _agree(world, "street", order_id)
    assert order["status"] == "suspended"
    assert "long_term" in order["flags"]


def test_the_second_time_is_long_term(world: World, clock: Clock) -> None:
    """Even for a day; a third time there is none."""
    order_id = _held(world, clock)
    _suspend(world, "member", order_id, 1)
    world.act("member", order_id, "resume")
    assert _suspend(world, "member", order_id, 1)["status"] == "claimed"
    assert "long_term" in _agree(world, "street", order_id)["flags"]
    world.act("dispatcher", order_id, "resume")
    sent = refused(
        world, "member", f"/orders/{order_id}/suspend", reason="又等", until=later(days=1)
    )
    assert sent == (409, "order.suspended_twice")


def test_thirty_days_a_round(world: World, clock: Clock) -> None:
    """All pauses of a round together."""
    order_id = _held(world, clock)
    path = f"/orders/{order_id}/suspend"
    sent = refused(world, "dispatcher", path, reason="等", until=later(days=30, seconds=1))
    assert sent == (422, "order.suspended_too_long")
    _suspend(world, "dispatcher", order_id, 15)
    _pass(clock, days=14)
    world.act("member", order_id, "resume")
    sent = refused(world, "member", path, reason="等", until=later(days=16, seconds=1))
    assert sent == (422, "order.suspended_too_long")
    assert _suspend(world, "member", order_id, 16)["requests"]


def test_a_round_later_it_begins_anew(world: World, clock: Clock) -> None:
    """重办 forgets the pauses of the round before."""
    order_id = _held(world, clock)
    _suspend(world, "member", order_id, 1)
    world.act("member", order_id, "resume")
    world.act("member", order_id, "complete", note="办好了，请看看。")
    world.act("resident", order_id, "rate", solved=False)
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    world.act("member2", order_id, "claim")
    assert _suspend(world, "member2", order_id, 3)["status"] == "suspended"


def test_what_was_asked_before_is_judged_again(world: World, clock: Clock) -> None:
    """Paused meanwhile, five days would be the second time: the dispatcher alone cannot agree."""
    order_id = _held(world, clock)
    _suspend(world, "member", order_id, 5)
    _suspend(world, "member", order_id, 2)
    world.act("member", order_id, "resume")
    request_id = _pending(world, "dispatcher", order_id)["id"]
    sent = refused(world, "dispatcher", f"/orders/{order_id}/requests/{request_id}/agree")
    assert sent == (409, "order.changed_meanwhile")


def test_not_into_the_past_and_not_twice_at_once(world: World, clock: Clock) -> None:
    """422 and 409."""
    order_id = _held(world, clock)
    path = f"/orders/{order_id}/suspend"
    past = refused(world, "member", path, reason="等", until=later(seconds=0))
    assert past == (422, "order.time_in_the_past")
    assert code_of(world, "member", order_id, "suspend", until=later(days=1))[0] == 422
    assert code_of(world, "member2", order_id, "suspend", reason="等", until=later(days=1)) == (
        404,
        "not_found",
    )
    _suspend(world, "member", order_id, 2)
    again = refused(world, "member", path, reason="等", until=later(days=1))
    assert again == (409, "order.action_not_allowed")


def test_resuming_moves_the_date_by_the_pause(world: World, clock: Clock) -> None:
    """To where it was before, two and a half days later."""
    order_id = _held(world, clock)
    due = order_of(order_id).due_at
    assert due is not None
    world.act("member", order_id, "start")
    _suspend(world, "member", order_id, 3)
    _pass(clock, days=2, hours=12)
    since = last_message()
    order = world.act("member", order_id, "resume")
    assert order["status"] == "in_progress"
    assert order_of(order_id).next_due_at == due + timedelta(days=2.5)
    assert order_of(order_id).suspended_seconds == 2.5 * 86400
    assert order["suspended_until"] is None
    assert heard(world, order_id, since) == {
        ("resident", "resumed"),
        ("resident", "extended"),
        ("member", "resumed"),
    }


def test_it_resumes_by_itself_on_its_date(world: World, clock: Clock) -> None:
    """Not a second before."""
    order_id = _held(world, clock)
    due = order_of(order_id).due_at
    assert due is not None
    _suspend(world, "member", order_id, 2)
    _pass(clock, days=2, seconds=-1)
    assert do(resume_due, SYSTEM, limit=50) == 0
    _pass(clock, seconds=1)
    assert do(resume_due, SYSTEM, limit=50) == 1
    assert order_of(order_id).status == "claimed"
    assert order_of(order_id).next_due_at == due + 2 * DAY


def test_recall_and_reassign_end_the_pause(world: World, clock: Clock) -> None:
    """And the return: the clock runs on where it stood, and the days count against the thirty."""
    ways: list[tuple[str, str, dict[str, Any], str]] = [
        ("dispatcher", "recall", {}, "submitted"),
        ("dispatcher", "reassign", {"mode": "pool"}, "dispatched"),
        ("dispatcher", "reassign", {"assignee_id": world.ids["grid"]}, "claimed"),
        ("member", "return", {}, "dispatched"),
    ]
    world.lift_caps()
    for who, action, body, status in ways:
        order_id = _held(world, clock)
        due = order_of(order_id).due_at
        assert due is not None
        _suspend(world, "member", order_id, 2)
        _pass(clock, days=1)
        order = world.act(who, order_id, action, reason="换人", **body)
        assert (order["status"], order["suspended_until"]) == (status, None)
        row = order_of(order_id)
        assert (row.suspended_at, row.suspended_from) == (None, None)
        assert row.due_at == due + DAY
        seen = read(world, "dispatcher", f"/orders/{order_id}")
        assert stage_of(seen, "solve")["state"] == "pending"
        open_dates = [row["due_at"] for row in seen["deadlines"] if row["state"] == "pending"]
        assert row.next_due_at == min(map(datetime.fromisoformat, open_dates))
        assert row.suspended_seconds == 86400


def test_while_suspended_an_extension_sets_no_clock_running(world: World, clock: Clock) -> None:
    """The new date counts from the resuming on."""
    order_id = _held(world, clock)
    due = order_of(order_id).due_at
    assert due is not None
    _suspend(world, "member", order_id, 2)
    order = world.act("dispatcher", order_id, "extend", due_at=later(days=6), reason="等料")
    assert order["next_due_at"] is None
    _pass(clock, days=1)
    world.act("member", order_id, "resume")
    assert order_of(order_id).next_due_at == due + 4 * DAY


def test_the_history_tells_of_it(world: World, clock: Clock) -> None:
    """The resident reads why it waits."""
    order_id = _held(world, clock)
    _suspend(world, "member", order_id, 2)
    world.act("dispatcher", order_id, "resume", note="配件到了")
    assert actions_of(order_id)[-2:] == ["suspend", "resume"]
    notes = [event["note"] for event in events_for(world, "resident", order_id)]
    assert notes[-2:] == ["等配件", "配件到了"]


def test_while_suspended_an_extension_is_shown_and_told(world: World, clock: Clock) -> None:
    """At once, not only when it goes on."""
    order_id = _held(world, clock)
    _suspend(world, "member", order_id, 2)
    since = last_message()
    world.act("dispatcher", order_id, "extend", due_at=later(days=6), reason="等料")
    assert order_of(order_id).due_at == now() + 6 * DAY
    assert heard(world, order_id, since) == {("resident", "extended")}
