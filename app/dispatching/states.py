"""The actions that work on many orders at once, their fields, and the fixed figures of the room."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class BulkAction(StrEnum):
    """The actions for many orders; `reply` is a comment that residents read, `close` is settling."""

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
    """The fields of the request that an action takes (`allowed`) and must have (`needed`)."""

    needed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


def _fields(needed: str = "", more: str = "") -> Fields:
    return Fields(frozenset(needed.split()), frozenset(f"{needed} {more}".split()))


_TO_WHOM = "assignee_id provider_id due_at task helper_ids"
# The fields of the action on a single order, without pictures: a picture belongs to one order.
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

# The `action` of the bulk run of a matching that was applied.
APPLY_MATCHING = "apply_matching"
MOST_ORDERS = 200
MOST_PEOPLE = 50
MOST_CANDIDATES = 20
RUNS_KEPT = timedelta(days=30)

PAST = timedelta(days=90)
AHEAD_DAYS = 7
# A shorter free span is too short for a visit; an appointment without an end lasts VISIT.
SHORTEST_VISIT = timedelta(minutes=30)
VISIT = timedelta(hours=1)
# A home is known only by its building, so a finer distance would pretend to be exact.
ROUNDED_M = 10
# The distance that is assumed in a matching if one of the two places is unknown.
UNKNOWN_M = 3000
SOLVE_SECONDS = 3.0
