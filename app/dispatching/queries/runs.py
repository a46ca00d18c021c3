"""Bulk runs, visible to the person who started them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from app.dispatching.models import BulkRun
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import not_found
from app.orders.access.visible import orders_visible_to
from app.orders.ticket.models import Order


def runs_visible_to(actor: Actor) -> Select[BulkRun]:
    """The bulk runs that the actor started."""
    return select(BulkRun).where(BulkRun.actor_id == actor.own_id)


@dataclass(frozen=True, slots=True)
class RunView:
    """A bulk run for the person who started it; orders that he or she cannot see now are missing."""

    id: int
    results: list[dict[str, Any]]


def get_visible_run(actor: Actor, run_id: int) -> RunView:
    """The bulk run with this id; NotFound `not_found` if the actor did not start it."""
    run = session.scalar(runs_visible_to(actor).where(BulkRun.id == run_id))
    if run is None:
        raise not_found()
    ids = [result["id"] for result in run.results]
    seen = set(
        session.scalars(
            orders_visible_to(actor).where(Order.id.in_(ids)).with_only_columns(Order.id)
        )
    )
    return RunView(
        run.id, [one if one["id"] in seen else _missing(one["id"]) for one in run.results]
    )


def _missing(order_id: int) -> dict[str, Any]:
    missing = not_found()
    return {
        "id": order_id,
        "status": missing.status,
        "code": missing.code,
        "message": missing.message,
    }
