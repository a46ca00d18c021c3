"""Work of the timetable; each call is one batch and may be repeated."""

from app.deadlines.computing.states import SWEEP_BATCH, SWEEP_BATCH_ON_SQLITE
from app.deadlines.days import service as calendar
from app.deadlines.ladder import sweeping
from app.deadlines.standing import recomputing
from app.kernel.actor import Actor
from app.kernel.database import is_sqlite


def sweep() -> int:
    """Rungs of the ladder that have come."""
    limit = SWEEP_BATCH_ON_SQLITE if is_sqlite() else SWEEP_BATCH
    return sweeping.sweep(Actor.system("deadlines.sweep"), limit=limit)


def recompute() -> int:
    """What a change of policy, calendar or hours has left behind."""
    return recomputing.recompute_batch(Actor.system("deadlines.recompute"))


def fill_calendar() -> int:
    """Years that have been announced since."""
    return calendar.fill_calendar(Actor.system("deadlines.fill_calendar"))
