"""Bulk runs, visible to the person who started them."""

from sqlalchemy import Select, select

from app.dispatching.models import BulkRun
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import not_found


def runs_visible_to(actor: Actor) -> Select[BulkRun]:
    """The bulk runs that the actor started."""
    return select(BulkRun).where(BulkRun.actor_id == actor.own_id)


def get_visible_run(actor: Actor, run_id: int) -> BulkRun:
    """The bulk run with this id; NotFound `not_found` if the actor did not start it."""
    run = session.scalar(runs_visible_to(actor).where(BulkRun.id == run_id))
    if run is None:
        raise not_found()
    return run
