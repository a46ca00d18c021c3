"""The life of a message on its way, and the figures of sending."""

from datetime import timedelta
from enum import StrEnum


class OutboxState(StrEnum):
    """Waiting, taken by a sender, delivered, or given up."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    GIVEN_UP = "given_up"


BATCH = 500
BATCH_ON_SQLITE = 50
LEASE = timedelta(seconds=60)
INBOX_KEPT = timedelta(days=180)
OUTBOX_KEPT = timedelta(days=30)
