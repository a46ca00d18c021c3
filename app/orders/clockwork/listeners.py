"""Deadlines that fall due or move: what orders do then."""

from app.deadlines.standing.events import DeadlinesMoved, DeadlinesPassed, SubjectsMoving
from app.kernel.actor import Actor
from app.orders.clockwork import reminding

_LADDER = Actor.system("deadlines.ladder")


def on_subjects_moving(event: SubjectsMoving) -> None:
    """Held, or left for later."""
    reminding.hold_orders(_LADDER, event)


def on_deadlines_passed(event: DeadlinesPassed) -> None:
    """Reminders, and the unit above watches."""
    reminding.remind(_LADDER, event)


def on_deadlines_moved(event: DeadlinesMoved) -> None:
    """The promise may be another day now."""
    reminding.move_dates(_LADDER, event)
