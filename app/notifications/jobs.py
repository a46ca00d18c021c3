"""The timetable's functions: one batch each in the caller's transaction, called until 0 comes."""

from app.notifications import service
from app.notifications.states import BATCH


def deliver(limit: int = BATCH) -> int:
    """From the outbox into the inboxes."""
    return service.deliver_batch(limit)


def forget_old_messages(limit: int = BATCH) -> int:
    """Retention."""
    return service.forget_old_messages(limit)
