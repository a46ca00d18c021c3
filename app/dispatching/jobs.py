"""The scheduled job of the room; one call does one batch, and a second call does no harm."""

from app.dispatching.service.running import forget_runs
from app.kernel.actor import Actor


def forget_old_runs() -> int:
    """Deletes at most 500 bulk runs older than 30 days; returns how many."""
    return forget_runs(Actor.system("dispatching.forget_old_runs"))
