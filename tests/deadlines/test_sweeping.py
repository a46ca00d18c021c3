"""The sweep: a rung that cannot be announced holds up nobody, is given up, and sent again."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.deadlines.computing.states import Stage
from app.deadlines.ladder.queries import count_due
from app.deadlines.standing.models import Deadline, DeadlineStep
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden
from app.kernel.queue import MAX_ATTEMPTS
from app.notifications.service import retry_given_up
from app.orders.clockwork import reminding
from tests.conftest import Clock
from tests.deadlines.ladders import at, climb, sweep_all
from tests.orders.stories import do, told
from tests.world import World


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Orders whose reminders cannot be put together."""
    orders: set[int] = set()
    gather = reminding._gather

    def gather_or_fail(actor: Any, told: Any, order: Any, item: Any) -> None:
        if order.id in orders:
            raise ValueError("unreadable")
        gather(actor, told, order, item)

    monkeypatch.setattr(reminding, "_gather", gather_or_fail)
    return orders


def _row(deadline_id: int) -> Deadline:
    return session.scalars(select(Deadline).where(Deadline.id == deadline_id)).one()


def _sweep_again() -> None:
    """The next round, when the lease of what has failed is over."""
    session.execute(update(Deadline).values(lease_until=None))
    session.commit()
    sweep_all()


def test_a_bad_one_holds_up_nobody(world: World, clock: Clock, broken: set[int]) -> None:
    """The others go out in the same round; it is tried again, and after five times given up."""
    clock.set(at("11-23 09:00").isoformat())
    bad, good = int(world.order()["id"]), int(world.order()["id"])
    broken.add(bad)
    clock.set(at("11-23 21:00").isoformat())
    sweep_all()
    assert told(world, "dispatcher", "due_soon", good) == 1
    assert told(world, "dispatcher", "due_soon", bad) == 0
    failed = session.scalars(select(Deadline).where(Deadline.attempts > 0)).one()
    sweep_all()
    assert (failed.attempts, failed.is_given_up) == (1, False), "its lease runs"
    for _ in range(1, MAX_ATTEMPTS):
        _sweep_again()
    given_up = session.scalars(select(Deadline).where(Deadline.given_up_at.is_not(None))).one()
    assert (given_up.subject_id, given_up.attempts, given_up.last_error) == (bad, 5, "ValueError")
    assert (given_up.next_at, count_due()) == (at("11-23 21:00"), 0)
    lost = given_up.id
    _sweep_again()
    # What is done to the order meanwhile does not send it, nor loses it.
    world.act("dispatcher", bad, "comments", note="请留意。")
    world.act("dispatcher", bad, "amend", reason="归类", category_id=world.categories["路灯楼道灯"])
    row = _row(lost)
    assert (row.next_step, row.attempts, row.is_given_up) == ("share_50", 5, True)
    broken.clear()
    for who in ("dispatcher", "district"):
        with pytest.raises(Forbidden):
            do(retry_given_up, world.actor(who), "deadline", str(lost))
    do(retry_given_up, world.actor("admin"), "deadline", str(lost))
    sweep_all()
    assert told(world, "dispatcher", "due_soon", bad) == 1
    with pytest.raises(Conflict, match="given_up.not_any_more"):
        do(retry_given_up, world.actor("admin"), "deadline", str(lost))


def test_what_is_due_at_another_time_has_all_its_attempts(
    world: World, clock: Clock, broken: set[int]
) -> None:
    """However often the reminder of the date before could not be sent."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.claimed()["id"])
    broken.add(order_id)
    clock.set(at("11-26 21:00").isoformat())
    for _ in range(MAX_ATTEMPTS):
        _sweep_again()
    mine = select(Deadline).where(Deadline.stage == Stage.SOLVE)
    assert session.scalars(mine).one().attempts == MAX_ATTEMPTS
    later = at("12-04 17:00").isoformat()
    world.act("dispatcher", order_id, "extend", due_at=later, reason="等材料")
    row = session.scalars(mine.execution_options(populate_existing=True)).one()
    assert (row.attempts, row.given_up_at, row.next_step) == (0, None, "share_50")


def test_once_however_often_it_is_called(world: World, clock: Clock) -> None:
    """Also where a row was put back by hand: the rung stands in the steps already."""
    clock.set(at("11-23 09:00").isoformat())
    order_id = int(world.order()["id"])
    clock.set(at("11-23 21:00").isoformat())
    sweep_all()
    row = session.scalars(select(Deadline).where(Deadline.next_step == "share_80")).one()
    row.next_step, row.next_at = "share_50", now()
    session.commit()
    sweep_all()
    row = _row(row.id)
    assert row.next_step == "share_80"
    assert told(world, "dispatcher", "due_soon", order_id) == 1
    steps = session.scalars(select(DeadlineStep.step).where(DeadlineStep.deadline_id == row.id))
    assert list(steps) == ["share_50"]


def test_many_of_one_minute_are_one_message(world: World, clock: Clock) -> None:
    """In the morning the desk has one message about all that came due in the night."""
    world.lift_caps()
    clock.set(at("11-23 15:00").isoformat())
    ids = [int(world.order()["id"]) for _ in range(7)]
    heard = climb(world, clock, at("11-24 12:00"))
    # Half of the day to arrange is at three in the night.
    assert heard == [("11-24 07:30", who, "due_digest", "7") for who in sorted(DESK)] + [
        ("11-24 10:12", who, "due_digest", "7") for who in sorted(DESK)
    ]
    assert all(told(world, "dispatcher", "due_soon", order_id) == 0 for order_id in ids)


DESK = ("dispatcher", "duty", "leader")


def test_a_confidential_matter_is_not_told_to_everybody(world: World, clock: Clock) -> None:
    """Reminders go to those alone who may see it."""
    clock.set(at("11-23 09:00").isoformat())
    about = world.categories["反诈与可疑推销"]
    order_id = int(world.order(category_id=about)["id"])
    heard = climb(world, clock, at("11-24 16:00"))
    assert {who for _, who, _, _ in heard} == {"dispatcher", "leader"}
    assert told(world, "duty", "overdue", order_id) == 0
