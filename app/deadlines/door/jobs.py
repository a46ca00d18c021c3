"""The jobs of the room; each call does one batch and may be repeated."""

from app.deadlines.computing.states import SWEEP_BATCH, SWEEP_BATCH_ON_SQLITE
from app.deadlines.days import service as calendar
from app.deadlines.ladder import sweeping
from app.deadlines.standing import recomputing
from app.kernel.actor import Actor
from app.kernel.database import is_sqlite


def sweep() -> int:
    """Announces steps of ladders that have come; answers how many."""
    limit = SWEEP_BATCH_ON_SQLITE if is_sqlite() else SWEEP_BATCH
    return sweeping.sweep(Actor.system("deadlines.sweep"), limit=limit)


def recompute() -> int:
    """Computes deadlines again after changes of policy, calendar or hours; answers how many subjects."""
    return recomputing.recompute_batch(Actor.system("deadlines.recompute"))


def fill_calendar() -> int:
    """Fills in years that have been announced; answers how many days."""
    return calendar.fill_calendar(Actor.system("deadlines.fill_calendar"))
