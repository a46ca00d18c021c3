"""Functions of the timetable; each does one batch in the caller's transaction, until it returns 0."""

from app.identity import service
from app.kernel.actor import Actor

_ACTOR = Actor.system("identity")


def forget_dead_sessions(limit: int = 50) -> int:
    """Deletes expired tokens, and sessions without tokens 180 days after their last renewal.

    Returns how many rows were deleted; at most `limit` of each kind.
    """
    return service.forget_dead_sessions(_ACTOR, limit)


def forget_old_failures(limit: int = 50) -> int:
    """Deletes at most `limit` failed log-ins that are older than 30 days; returns how many."""
    return service.forget_old_failures(_ACTOR, limit)
