"""Asked again, and closed where nobody answers."""

from datetime import datetime, timedelta

from sqlalchemy import update

from app.categories.models import Category
from app.kernel.clock import local_date
from app.kernel.database import session, transaction
from app.orders.clockwork import jobs
from app.orders.ticket.models import OrderCall
from app.orders.ticket.states import CallOutcome, CloseKind, OrderStatus
from tests.orders.days import START, Day, completed, run, set_columns
from tests.orders.stories import actions_of, assert_sound, order_of, told
from tests.world import World


def test_the_requester_is_asked_on_day_one_and_five_then_it_is_closed(
    world: World, day: Day
) -> None:
    order = completed(world)
    asked = []
    for hours in range(0, 24 * 8, 6):
        day.go(hours=hours)
        before = told(world, "resident", "please_rate", order)
        run(jobs.ask_again)
        if told(world, "resident", "please_rate", order) > before:
            asked.append(hours)
        done = run(jobs.close_unanswered)
        assert done == (hours == 24 * 7)
    assert asked == [24, 24 * 5]
    row = order_of(order)
    assert row.status is OrderStatus.CLOSED
    assert row.close_kind is CloseKind.UNANSWERED
    assert told(world, "resident", "closed", order) == 1
    assert actions_of(order).count("close_unanswered") == 1
    assert_sound(order)


def test_after_a_standstill_one_question_is_enough(world: World, day: Day) -> None:
    order = completed(world)
    day.go(days=6)
    assert run(jobs.ask_again) == 1
    assert told(world, "resident", "please_rate", order) == 1


def test_who_has_answered_is_left_alone(world: World, day: Day) -> None:
    order = completed(world)
    world.act("resident", order, "rate", solved=True)
    day.go(days=8)
    assert run(jobs.ask_again) == run(jobs.close_unanswered) == 0


def test_the_new_round_has_its_own_seven_days(world: World, day: Day) -> None:
    order = completed(world)
    day.go(days=6)
    run(jobs.ask_again)
    world.act("resident", order, "rate", solved=False)
    world.act("dispatcher", order, "settle", note="已当面说明。")
    day.go(days=7)
    assert run(jobs.close_unanswered) == 0
    assert run(jobs.ask_again) == 1
    day.go(days=13)
    assert run(jobs.close_unanswered) == 1


def test_what_is_checked_first_is_not_asked_before(world: World, day: Day) -> None:
    category = world.categories["屋面渗漏"]
    flags = {"check_before_answer": True, "needs_photo": "none", "home_visit": False}
    with transaction():
        session.execute(update(Category).where(Category.id == category).values(flags))
    order = completed(world, category_id=category)
    day.go(days=20)
    assert run(jobs.ask_again) == run(jobs.close_unanswered) == 0
    world.act("dispatcher", order, "check", passed=True)
    day.go(days=21)
    assert run(jobs.ask_again) == 1
    day.go(days=26, hours=23)
    assert run(jobs.close_unanswered) == 0
    day.go(days=27)
    assert run(jobs.close_unanswered) == 1


def for_somebody_without_account(world: World) -> int:
    """An order that the dispatcher has entered for a caller, and answered at once."""
    order = world.order(
        "dispatcher", on_behalf_of={"name": "李奶奶", "phone": "13700001234"}, source="phone"
    )["id"]
    world.act("leader", order, "settle", note="电话里已经说明。")
    return int(order)


def call(order_id: int, at: datetime) -> None:
    """A call that nobody answered."""
    with transaction():
        row = order_of(order_id)
        session.add(
            OrderCall(
                order_id=order_id,
                round=row.round,
                outcome=CallOutcome.NO_ANSWER,
                at=at,
                day=local_date(at),
            )
        )


def test_without_an_account_only_three_calls_on_two_days_close(world: World, day: Day) -> None:
    order = for_somebody_without_account(world)
    day.go(days=30)
    assert run(jobs.ask_again) == run(jobs.close_unanswered) == 0
    for hours in (1, 2, 3):
        call(order, START + timedelta(hours=hours))
    assert run(jobs.close_unanswered) == 0, "three calls on one day are not enough"
    call(order, START + timedelta(days=1))
    assert run(jobs.close_unanswered) == 1
    assert order_of(order).close_kind is CloseKind.UNANSWERED


def test_two_calls_on_two_days_are_not_enough(world: World, day: Day) -> None:
    order = for_somebody_without_account(world)
    for days in (1, 2):
        call(order, START + timedelta(days=days))
    day.go(days=30)
    assert run(jobs.close_unanswered) == 0


def test_calls_of_the_round_before_do_not_count(world: World, day: Day) -> None:
    order = for_somebody_without_account(world)
    for days in (1, 2, 3):
        call(order, START + timedelta(days=days))
    set_columns(order, round=2)
    for days in (4, 5):
        call(order, START + timedelta(days=days))
    day.go(days=30)
    assert run(jobs.close_unanswered) == 0


def test_whom_nobody_can_reach_is_closed_after_seven_days(world: World, day: Day) -> None:
    order = for_somebody_without_account(world)
    set_columns(order, contact_index=None)
    day.go(days=7)
    assert run(jobs.close_unanswered) == 1
