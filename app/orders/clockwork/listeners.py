"""Listeners for deadlines that fall due or move."""

from app.deadlines.standing.events import DeadlinesMoved, DeadlinesPassed, SubjectsMoving
from app.kernel.actor import Actor
from app.orders.clockwork import reminding

_LADDER = Actor.system("deadlines.ladder")


def on_subjects_moving(event: SubjectsMoving) -> None:
    """Locks the orders whose deadlines will move, and names in the event those that are in use."""
    reminding.hold_orders(_LADDER, event)


def on_deadlines_passed(event: DeadlinesPassed) -> None:
    """Sends the reminders of a batch of deadlines, and raises the attention of units above."""
    reminding.remind(_LADDER, event)


def on_deadlines_moved(event: DeadlinesMoved) -> None:
    """Writes the new dates into the orders, and tells residents of another promised day."""
    reminding.move_dates(_LADDER, event)
