"""The past tells nobody and wakes nothing; what is open counts from the day it came in."""

from sqlalchemy import select

from app.jobs import TIMETABLE
from app.kernel.audit import AuditRow
from app.kernel.database import session, transaction
from app.notifications.models import OutboxMessage
from app.orders.clockwork import jobs
from app.orders.ticket.models import OrderEvent
from app.orders.ticket.states import CloseKind, OrderStatus
from tests.conftest import Clock, count
from tests.intake.conftest import Desk, counts
from tests.intake.invented import city_rows, ledger_row
from tests.orders.days import Day, run

STATES = ("待派单", "待接单", "办理中", "暂缓", "待回访", "已办结", "不予受理", "已撤单")


def run_everything() -> int:
    """Each job of the timetable until it finds nothing more; how much was done."""
    done = 0
    for job in TIMETABLE:
        while job.in_transaction:
            with transaction():
                batch = job.work()
            if not batch:
                break
            done += batch
    return done


def test_nobody_is_told(desk: Desk) -> None:
    """No message, no audit of a person, no act of a job: neither at once nor when all jobs have run."""
    rows = [ledger_row(at, 状态=state, 暂缓至="2099-01-01") for at, state in enumerate(STATES, 1)]
    assert counts(desk.ledger(rows).output) == (8, 8, 0, 0)
    assert counts(desk.city(city_rows(60)).output) == (60, 60, 0, 0)
    events = count(OrderEvent)
    assert count(OutboxMessage) == 0
    before = count(AuditRow)
    run_everything()
    assert count(OutboxMessage) == 0
    assert count(OrderEvent) == events
    assert count(AuditRow) == before


def told(moment: str) -> int:
    """How many messages of that kind there are."""
    statement = select(OutboxMessage).where(OutboxMessage.moment == f"order.{moment}")
    return len(session.scalars(statement).all())


def test_a_pool_order_is_unclaimed_a_day_after_it_came(desk: Desk, clock: Clock) -> None:
    """Not when it comes, though it lay in the other system for years."""
    day = Day(clock)
    desk.ledger([ledger_row(1, 状态="待接单", 类别="")])
    day.go(hours=23, minutes=59)
    assert run(jobs.call_unclaimed) == 0
    day.go(hours=24)
    assert run(jobs.call_unclaimed) == 1
    assert told("unclaimed") > 0
    assert told("backstop") == 0
    day.go(hours=48)
    assert run(jobs.call_unclaimed) == 1
    assert told("backstop") > 0


def test_a_completed_order_is_closed_a_week_after_it_came(desk: Desk, clock: Clock) -> None:
    """Who left no phone cannot be asked; who did is called first."""
    day = Day(clock)
    rows = [ledger_row(1, 状态="待回访", 电话=""), ledger_row(2, 状态="待回访")]
    desk.ledger(rows)
    day.go(days=6, hours=23)
    assert run(jobs.close_unanswered) == run(jobs.ask_again) == 0
    day.go(days=7)
    assert run(jobs.close_unanswered) == 1
    closed = desk.order("2024-0001")
    assert closed.close_kind is CloseKind.UNANSWERED
    assert desk.order("2024-0002").status is OrderStatus.COMPLETED
    assert count(OutboxMessage) == 0


def test_an_order_that_somebody_had_is_stale_a_day_after_it_came(desk: Desk, clock: Clock) -> None:
    """Reminded first, given back a day later."""
    day = Day(clock)
    mapping = desk.write(
        "held.toml",
        """
system = "held"
number = "no"
description = "{what}"
[times]
zone = "Asia/Shanghai"
[times.columns]
submitted = "at"
[status]
default = "held"
[chains]
held = [
  { action = "submit", at = "submitted" },
  { action = "dispatch", at = "submitted", mode = "assigned", kind = "staff" },
]
""",
    )
    desk.run(desk.write("held.csv", "no,what,at\n1,灯,2024-01-02\n"), mapping)
    assert desk.order("1").status is OrderStatus.CLAIMED
    day.go(hours=23)
    assert run(jobs.return_stale) == 0
    day.go(hours=24)
    assert run(jobs.return_stale) == 1
    assert desk.order("1").status is OrderStatus.CLAIMED
    assert told("stale") > 0
    day.go(hours=48)
    assert run(jobs.return_stale) == 1
    assert desk.order("1").status is not OrderStatus.CLAIMED


def test_a_pause_ends_on_its_date(desk: Desk, clock: Clock) -> None:
    day = Day(clock)
    until = day.go(days=3).strftime("%Y-%m-%d %H:%M")
    day.go()
    desk.ledger([ledger_row(1, 状态="暂缓", 暂缓至=until)])
    assert run(jobs.resume_due) == 0
    day.go(days=3)
    assert run(jobs.resume_due) == 1
    assert desk.order("2024-0001").status is OrderStatus.CLAIMED
