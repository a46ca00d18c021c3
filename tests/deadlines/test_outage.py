"""After two hours in which nothing ran: what still holds is sent once, the rest not at all."""

from datetime import timedelta

from sqlalchemy import select

from app.deadlines.standing.models import DeadlineStep
from app.kernel.clock import now
from app.kernel.database import session
from app.notifications.models import OutboxMessage
from tests.conftest import Clock
from tests.deadlines.ladders import STAGES, at, sweep_all
from tests.world import World


def _sent() -> list[tuple[int, str, str]]:
    rows = session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.moment.in_(("order.due_soon", "order.overdue", "order.escalated")))
        .order_by(OutboxMessage.id)
    )
    return [
        (m.subject_id, m.moment.removeprefix("order."), STAGES[m.params["stage"]]) for m in rows
    ]


def _distinct(lines: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    return list(dict.fromkeys(lines))


def test_two_hours(world: World, clock: Clock) -> None:
    """Of several missed rungs the last; nothing of what was met or settled meanwhile; urgent first."""
    world.lift_caps()
    clock.set(at("11-23 09:00").isoformat())
    gas, lift = world.categories["燃气泄漏"], world.categories["电梯困人"]
    # Placed first, so that the order of sending is not that of placing.
    normal = int(world.order()["id"])
    world.act("dispatcher", normal, "dispatch", mode="direct", assignee_id=world.ids["member"])
    emergency = int(world.order("resident2", category_id=gas)["id"])
    signed = int(world.order("resident2", category_id=lift)["id"])
    withdrawn = int(world.order("resident2", category_id=gas)["id"])
    clock.set(at("11-23 09:01").isoformat())
    assert sweep_all() == 0
    # Meanwhile people went on working; only the jobs stood still.
    world.act("duty", signed, "acknowledge")
    world.act("resident2", withdrawn, "cancel")
    clock.set(at("11-23 11:02").isoformat())
    assert sweep_all() > 0
    sent = _distinct(_sent())
    assert [line for line in sent if line[0] == withdrawn] == []
    assert [line for line in sent if line[:1] == (signed,) and line[2] == "acknowledge"] == []
    # All rungs of the acknowledging lie behind: 2 h after it only the district is still told.
    assert [line for line in sent if line[0] == emergency] == [
        (emergency, "escalated", "acknowledge"),
        (emergency, "escalated", "contact"),
        (emergency, "overdue", "report"),
    ]
    assert sent[-1] == (normal, "due_soon", "accept")
    assert {line[0] for line in sent[:-1]} == {emergency, signed}
    before = len(_sent())
    clock.set((now() + timedelta(seconds=30)).isoformat())
    assert sweep_all() == 0
    assert len(_sent()) == before


def test_what_was_missed_is_written_down(world: World, clock: Clock) -> None:
    """Each rung that nobody heard of stands there as skipped, with its own time."""
    clock.set(at("11-23 09:00").isoformat())
    world.order("resident2", category_id=world.categories["燃气泄漏"])
    clock.set(at("11-23 09:12").isoformat())
    sweep_all()
    rows = session.scalars(
        select(DeadlineStep).order_by(DeadlineStep.due_at, DeadlineStep.at, DeadlineStep.step)
    ).all()
    acknowledged = [(row.step, row.skipped) for row in rows if row.due_at == at("11-23 09:05")]
    assert acknowledged == [
        ("share_50", True),
        ("share_80", True),
        ("late_desk", True),
        ("late_leader", False),
    ]
