"""What happens by the clock alone: each thing at its time, once, however often the jobs run."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.categories.models import Category
from app.categories.states import Urgency
from app.kernel.database import session, transaction
from app.orders.clockwork import jobs, timed
from app.orders.record.telling import tell
from app.orders.ticket.models import Order
from app.orders.ticket.states import OrderStatus
from app.orders.views.lists import list_unanswered_asks
from tests.orders.days import START, Day, completed, run, set_columns
from tests.orders.stories import SYSTEM, assert_sound, do, order_of, told
from tests.world import World

JOBS = (
    jobs.lapse_offers,
    jobs.return_stale,
    jobs.call_unclaimed,
    jobs.resume_due,
    jobs.ask_again,
    jobs.close_unanswered,
    jobs.gather_parts,
    jobs.lapse_requests,
)


def test_an_unanswered_offer_goes_back_to_the_dispatcher(world: World, day: Day) -> None:
    order = world.order()["id"]
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["member"])
    day.go(hours=11, minutes=59)
    assert run(jobs.lapse_offers) == 0
    day.go(hours=12)
    assert run(jobs.lapse_offers) == 1
    row = order_of(order)
    assert row.status is OrderStatus.SUBMITTED
    assert row.offered_to_id is None
    assert row.returns == 1
    assert told(world, "dispatcher", "lapsed", order) == 1
    assert told(world, "leader", "leader_assigns", order) == 0
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["member2"])
    day.go(days=1)
    assert run(jobs.lapse_offers) == 1
    # The second return: the leader assigns.
    assert told(world, "leader", "leader_assigns", order) == 1
    assert_sound(order)


def test_the_category_and_a_raised_urgency_set_the_pace(world: World, day: Day) -> None:
    urgent = world.categories["电梯故障"]
    slow = world.categories["油烟异味"]
    with transaction():
        session.execute(update(Category).where(Category.id == slow).values(accept_minutes=1000))
    orders = {
        "urgent": world.order(category_id=urgent)["id"],
        "slow": world.order(category_id=slow)["id"],
        "raised": world.order(category_id=slow)["id"],
        "plain": world.order()["id"],
    }
    set_columns(orders["raised"], urgency=Urgency.EMERGENCY)
    for order, who in zip(
        orders.values(), ("member", "member2", "volunteer", "member"), strict=True
    ):
        world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids[who])
    gone: dict[str, int] = {}
    for minutes in (9, 10, 119, 120, 719, 720, 999, 1000):
        day.go(minutes=minutes)
        run(jobs.lapse_offers)
        for name, order in orders.items():
            if order_of(order).status is OrderStatus.SUBMITTED:
                gone.setdefault(name, minutes)
    assert gone == {"raised": 10, "urgent": 120, "plain": 720, "slow": 1000}


def test_a_claim_without_a_sign_of_life_is_reminded_then_given_back(world: World, day: Day) -> None:
    order = world.claimed()["id"]
    day.go(hours=23)
    assert run(jobs.return_stale) == 0
    day.go(hours=24)
    assert run(jobs.return_stale) == 1
    assert told(world, "member", "stale", order) == 1
    day.go(hours=47)
    assert run(jobs.return_stale) == 0
    day.go(hours=49)
    assert run(jobs.return_stale) == 1
    row = order_of(order)
    assert row.status is OrderStatus.DISPATCHED
    assert row.mode == "pool"
    assert row.holder_id is None
    assert row.returns == 1
    assert told(world, "member", "stale", order) == 1
    assert told(world, "member", "lapsed_holder", order) == 1
    assert told(world, "dispatcher", "lapsed", order) == 1
    # The next one to claim it has the same time again.
    world.act("member2", order, "claim")
    day.go(hours=72)
    assert run(jobs.return_stale) == 0
    day.go(hours=73)
    assert run(jobs.return_stale) == 1
    assert told(world, "member2", "stale", order) == 1
    assert_sound(order)


def test_a_sign_of_life_makes_the_reminder_due_again(world: World, day: Day) -> None:
    order = world.claimed()["id"]
    day.go(hours=25)
    run(jobs.return_stale)
    at = day.go(hours=26)
    world.act("member", order, "appoint", at=(at + timedelta(hours=30)).isoformat())
    day.go(hours=56)
    assert run(jobs.return_stale) == 0, "not before the appointed time is over"
    day.go(hours=81)
    assert run(jobs.return_stale) == 1
    assert told(world, "member", "stale", order) == 2
    assert order_of(order).status is OrderStatus.CLAIMED
    day.go(hours=82)
    world.act("member", order, "start")
    day.go(days=30)
    assert run(jobs.return_stale) == 0, "who has begun is not stale"


def test_after_a_standstill_of_the_jobs_the_reminder_still_comes_first(
    world: World, day: Day
) -> None:
    order = world.claimed()["id"]
    day.go(days=10)
    assert run(jobs.return_stale) == 1
    assert order_of(order).status is OrderStatus.CLAIMED
    day.go(days=10, hours=23)
    assert run(jobs.return_stale) == 0
    day.go(days=11, minutes=1)
    assert run(jobs.return_stale) == 1
    assert order_of(order).status is OrderStatus.DISPATCHED


def test_what_was_assigned_goes_back_to_the_desk_not_to_the_pool(world: World, day: Day) -> None:
    order = world.order()["id"]
    world.act("dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["grid"])
    day.go(hours=24)
    run(jobs.return_stale)
    day.go(hours=49)
    run(jobs.return_stale)
    assert order_of(order).status is OrderStatus.SUBMITTED
    assert order_of(order).mode is None


def test_nobody_claims_dispatcher_then_backstop_are_told_once(world: World, day: Day) -> None:
    # 电梯故障 is urgent, its backstop the grid worker.
    order = world.order(category_id=world.categories["电梯故障"])["id"]
    world.act("dispatcher", order, "dispatch", mode="pool")
    day.go(minutes=59)
    assert run(jobs.call_unclaimed) == 0
    day.go(minutes=60)
    assert run(jobs.call_unclaimed) == 1
    day.go(hours=47)
    assert run(jobs.call_unclaimed) == 0
    day.go(hours=48)
    assert run(jobs.call_unclaimed) == 1
    day.go(days=9)
    assert run(jobs.call_unclaimed) == 0
    assert told(world, "dispatcher", "unclaimed", order) == 1
    assert told(world, "grid", "backstop", order) == 1
    assert order_of(order).status is OrderStatus.DISPATCHED
    # In the pool a second time, both are told a second time.
    world.act("dispatcher", order, "recall", reason="换个说法再派")
    world.act("dispatcher", order, "dispatch", mode="pool")
    day.go(days=9, hours=1)
    assert run(jobs.call_unclaimed) == 1
    assert told(world, "dispatcher", "unclaimed", order) == 2


def test_without_a_named_backstop_the_leader_is(world: World, day: Day) -> None:
    order = world.order()["id"]
    world.act("dispatcher", order, "dispatch", mode="pool")
    day.go(days=3)
    assert run(jobs.call_unclaimed) == 1
    assert told(world, "leader", "backstop", order) == 1


def test_a_pause_ends_on_its_date_and_the_due_date_moves(world: World, day: Day) -> None:
    order = world.order()["id"]
    due = START + timedelta(days=5)
    world.act("dispatcher", order, "dispatch", mode="pool", due_at=due.isoformat())
    world.act("member", order, "claim")
    until = START + timedelta(days=2)
    world.act("member", order, "suspend", reason="等配件", until=until.isoformat())
    # The report is due all the same.
    assert order_of(order).next_due_at == START + timedelta(days=3)
    day.go(days=1, hours=23)
    assert run(jobs.resume_due) == 0
    day.go(days=2)
    assert run(jobs.resume_due) == 1
    row = order_of(order)
    assert row.status is OrderStatus.CLAIMED
    assert row.due_at == due + timedelta(days=2)
    world.act("member", order, "progress", note="配件已经到了，明天装上。")
    assert order_of(order).next_due_at == due + timedelta(days=2)
    assert row.holder_id == world.ids["member"]
    assert told(world, "member", "resumed", order) == 1


def test_agreements_lapse_once(world: World, day: Day) -> None:
    order = world.claimed()["id"]
    world.act("resident", order, "cancel", reason="自己修好了")
    day.go(hours=23)
    assert run(jobs.lapse_requests) == 0
    day.go(hours=24)
    assert run(jobs.lapse_requests) == 1
    assert told(world, "resident", "request_lapsed", order) == 1
    assert order_of(order).status is OrderStatus.CLAIMED
    # Another may be asked for now.
    world.act("resident", order, "cancel", reason="自己修好了")
    assert_sound(order)


def test_parts_are_gathered_when_the_parent_was_held_by_somebody(
    world: World, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = world.order()["id"]
    part = {"unit_id": world.other_community.id, "task": "查西园一侧的管线"}
    world.act("dispatcher", order, "split", parts=[part])
    child = session.query(Order.id).filter(Order.parent_id == order).scalar()
    assert run(jobs.gather_parts) == 0
    monkeypatch.setattr("app.orders.linking.splitting.gather", lambda _: None)
    world.act("other_dispatcher", child, "reject", reason="不归我们", note="自来水公司")
    assert order_of(order).status is OrderStatus.SUBMITTED
    monkeypatch.undo()
    day.go()
    assert run(jobs.gather_parts) == 1
    assert order_of(order).status is OrderStatus.COMPLETED


def test_one_that_fails_does_not_hold_up_the_others(
    world: World, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = completed(world), completed(world)

    def failing(order: Order, *args: Any, **params: Any) -> None:
        if order.id == bad:
            raise RuntimeError("broken")
        tell(order, *args, **params)

    monkeypatch.setattr("app.orders.clockwork.timed.tell", failing)
    day.go(days=7)
    with transaction():
        assert jobs.close_unanswered() == 1
    assert order_of(good).status is OrderStatus.CLOSED
    # Nothing of the failed one is left, its history least of all.
    assert order_of(bad).status is OrderStatus.COMPLETED
    assert_sound(bad, good)


def test_a_batch_is_no_larger_than_its_limit(world: World, day: Day) -> None:
    orders = [completed(world) for _ in range(2)]
    day.go(days=7)
    assert do(timed.close_unanswered, SYSTEM, limit=1) == 1
    assert do(timed.close_unanswered, SYSTEM, limit=5) == 1
    assert {order_of(order).status for order in orders} == {OrderStatus.CLOSED}


def test_nothing_is_done_before_its_time(world: World, day: Day) -> None:
    world.order()
    world.claimed()
    completed(world)
    day.go(minutes=1)
    assert [run(job) for job in JOBS] == [0] * len(JOBS)


def test_unanswered_questions_join_the_call_list_after_a_day(world: World, day: Day) -> None:
    order = world.order()["id"]
    world.act("dispatcher", order, "ask", note="是几单元？")

    def listed(who: str = "dispatcher") -> list[int]:
        page = list_unanswered_asks(world.actor(who), cursor=None, limit=20)
        return [found.id for found in page.items]

    day.go(hours=23)
    assert listed() == []
    day.go(hours=24)
    assert listed() == [order]
    assert listed("other_dispatcher") == listed("resident") == []
    world.act("resident", order, "answer", note="三单元。")
    assert listed() == []
