"""What the timetable calls; each does one batch in the caller's transaction, until 0 comes."""

from app.identity import service
from app.kernel.actor import Actor

_ACTOR = Actor.system("identity")


def forget_dead_sessions(limit: int = 50) -> int:
    """Tokens past their end, and sessions half a year after their last use."""
    return service.forget_dead_sessions(_ACTOR, limit)


def forget_old_failures(limit: int = 50) -> int:
    """Wrong passwords after 30 days."""
    return service.forget_old_failures(_ACTOR, limit)
