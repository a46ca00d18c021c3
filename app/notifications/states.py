"""The life of a message on its way, and the figures of sending."""

from datetime import timedelta
from enum import StrEnum


class OutboxState(StrEnum):
    """Waiting, taken by a sender, delivered, or given up."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


BATCH = 500
BATCH_ON_SQLITE = 50
LEASE = timedelta(seconds=60)
# How long to wait after the first, second, … failure; the failure after the last is final.
BACKOFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
MAX_ATTEMPTS = len(BACKOFF) + 1

INBOX_KEPT = timedelta(days=180)
OUTBOX_KEPT = timedelta(days=30)
