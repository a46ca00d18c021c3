"""The states of a message in the outbox, and the limits of sending."""

from datetime import timedelta
from enum import StrEnum


class OutboxState(StrEnum):
    """The states of a message: waiting, taken by a sender, delivered, given up."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


BATCH = 500
BATCH_ON_SQLITE = 50
LEASE = timedelta(seconds=60)
# The waiting time after the first, second, … failure. After one failure more the message is given up.
BACKOFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
MAX_ATTEMPTS = len(BACKOFF) + 1

INBOX_KEPT = timedelta(days=180)
OUTBOX_KEPT = timedelta(days=30)
