"""Work of the timetable; each call is one batch and may be repeated."""

from app.dispatching.service.running import forget_runs
from app.kernel.actor import Actor


def forget_old_runs() -> int:
    """Runs past their days; answers how many were deleted."""
    return forget_runs(Actor.system("dispatching.forget_old_runs"))
