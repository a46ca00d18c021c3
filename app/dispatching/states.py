"""What can be done to many orders at once, and the figures of the room."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class BulkAction(StrEnum):
    """The verbs that work on many; `reply` is a word that the residents read, `close` settles."""

    ACKNOWLEDGE = "acknowledge"
    DISPATCH = "dispatch"
    REASSIGN = "reassign"
    RECALL = "recall"
    REJECT = "reject"
    MERGE = "merge"
    UNMERGE = "unmerge"
    ASK = "ask"
    SUPERVISE = "supervise"
    REPLY = "reply"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of the body an action takes, and which of them it needs."""

    needed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


def _fields(needed: str = "", more: str = "") -> Fields:
    return Fields(frozenset(needed.split()), frozenset(f"{needed} {more}".split()))


_TO_WHOM = "assignee_id provider_id due_at task helper_ids"
# As the actions on one order have them, but for pictures: each belongs to one order.
BULK_FIELDS: dict[BulkAction, Fields] = {
    BulkAction.ACKNOWLEDGE: _fields("", "note"),
    BulkAction.DISPATCH: _fields("mode", f"{_TO_WHOM} people_needed note"),
    BulkAction.REASSIGN: _fields("reason", f"mode {_TO_WHOM} note"),
    BulkAction.RECALL: _fields("reason"),
    BulkAction.REJECT: _fields("reason note"),
    BulkAction.MERGE: _fields("into_id", "reason note"),
    BulkAction.UNMERGE: _fields("reason"),
    BulkAction.ASK: _fields("note"),
    BulkAction.SUPERVISE: _fields("note"),
    BulkAction.REPLY: _fields("note"),
    BulkAction.CLOSE: _fields("note"),
}

# A matching that was applied is a run like the others.
APPLY_MATCHING = "apply_matching"
MOST_ORDERS = 200
MOST_PEOPLE = 50
MOST_CANDIDATES = 20
RUNS_KEPT = timedelta(days=30)

PAST = timedelta(days=90)
AHEAD_DAYS = 7
# Nobody comes for less; an appointment without an end is taken to last so long.
SHORTEST_VISIT = timedelta(minutes=30)
VISIT = timedelta(hours=1)
# A home is known by its building, so a finer figure would say more than is known.
ROUNDED_M = 10
# Who lives nobody knows where is neither near nor far.
UNKNOWN_M = 3000
SOLVE_SECONDS = 3.0
