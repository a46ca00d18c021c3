"""The states of a message in the outbox, and the limits of sending."""

from datetime import timedelta
from enum import StrEnum


class OutboxState(StrEnum):
    """The states of a message: waiting, taken by a sender, delivered, given up."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    GIVEN_UP = "given_up"


BATCH = 500
BATCH_ON_SQLITE = 50
LEASE = timedelta(seconds=60)
INBOX_KEPT = timedelta(days=180)
OUTBOX_KEPT = timedelta(days=30)
