"""The common parts of all bulk runs: locks, a savepoint for each order, and the row that is kept."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, or_, select

from app.dispatching.models import BulkRun
from app.dispatching.states import RUNS_KEPT
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Refusal
from app.orders.access.visible import orders_visible_to
from app.orders.ticket.models import Order
from app.people.models import Person

Result = dict[str, Any]
Deed = Callable[[], object]
_BATCH = 500


def lock_all(actor: Actor, order_ids: Iterable[int], person_ids: Iterable[int]) -> None:
    """Locks the people, then the orders with their merged orders and parts, each sorted by id.

    With one fixed order two runs cannot wait for each other. The verbs lock the same rows again
    later, in any order. Orders that the actor cannot see are not locked.
    """
    seen = orders_visible_to(actor).where(Order.id.in_(set(order_ids)))
    ids = list(session.scalars(seen.with_only_columns(Order.id)))
    # Without the right to dispatch a request must not be able to block other people's rows.
    if ids and actor.may_somewhere("orders.dispatch"):
        people = select(Person).where(Person.id.in_(set(person_ids))).order_by(Person.id)
        session.scalars(lock(people)).all()
    family = or_(Order.id.in_(ids), Order.merged_into_id.in_(ids), Order.parent_id.in_(ids))
    session.scalars(lock(select(Order).where(family).order_by(Order.id))).all()


def attempt(order_id: int, deed: Deed) -> Result:
    """Calls `deed` in a savepoint; returns {"id", "status": 200}.

    A Refusal undoes this deed alone and is returned: {"id", "status", "code", "message"}.
    """
    try:
        with session.begin_nested():
            deed()
    except Refusal as refusal:
        return {
            "id": order_id,
            "status": refusal.status,
            "code": refusal.code,
            "message": refusal.message,
        }
    return {"id": order_id, "status": 200}


def keep(actor: Actor, action: str, results: Sequence[Result]) -> BulkRun:
    """Stores and returns the bulk run with its results; texts that the actor wrote are not stored."""
    run = BulkRun(actor_id=actor.person_id, action=action, at=now(), results=list(results))
    session.add(run)
    session.flush()
    return run


def forget_runs(actor: Actor) -> int:
    """Deletes at most 500 bulk runs that are older than 30 days; returns how many."""
    del actor
    old = select(BulkRun.id).where(BulkRun.at < now() - RUNS_KEPT).limit(_BATCH)
    result = session.execute(delete(BulkRun).where(BulkRun.id.in_(old)))
    return int(getattr(result, "rowcount", 0))
