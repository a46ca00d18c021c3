"""Runs over many orders, for whoever started them."""

from sqlalchemy import Select, select

from app.dispatching.models import BulkRun
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import not_found


def runs_visible_to(actor: Actor) -> Select[BulkRun]:
    """One's own."""
    return select(BulkRun).where(BulkRun.actor_id == actor.own_id)


def get_visible_run(actor: Actor, run_id: int) -> BulkRun:
    """The run, or NotFound."""
    run = session.scalar(runs_visible_to(actor).where(BulkRun.id == run_id))
    if run is None:
        raise not_found()
    return run
