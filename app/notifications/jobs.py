"""Functions of the timetable: each does one batch in the caller's transaction, until it returns 0."""

from app.notifications import service
from app.notifications.states import BATCH


def deliver(limit: int = BATCH) -> int:
    """Delivers messages from the outbox to the inboxes; returns how many were taken."""
    return service.deliver_batch(limit)


def forget_old_messages(limit: int = BATCH) -> int:
    """Deletes messages that need not be kept any longer; returns how many rows were deleted."""
    return service.forget_old_messages(limit)
