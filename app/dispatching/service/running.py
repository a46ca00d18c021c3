"""What all runs over many orders have in common: locks in one order, a savepoint each, a row kept."""

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
    """People by id, then orders by id with all that hangs on them: no two runs wait for each other.

    The verbs lock the same rows again in whatever order they need them. Of orders that the actor
    does not see none is locked.
    """
    seen = orders_visible_to(actor).where(Order.id.in_(set(order_ids)))
    ids = list(session.scalars(seen.with_only_columns(Order.id)))
    # Whoever gives nothing out holds nobody up.
    if ids and actor.may_somewhere("orders.dispatch"):
        people = select(Person).where(Person.id.in_(set(person_ids))).order_by(Person.id)
        session.scalars(lock(people)).all()
    family = or_(Order.id.in_(ids), Order.merged_into_id.in_(ids), Order.parent_id.in_(ids))
    session.scalars(lock(select(Order).where(family).order_by(Order.id))).all()


def attempt(order_id: int, deed: Deed) -> Result:
    """One of many, in a savepoint of its own: a refusal undoes it alone and is told in its row."""
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
    """Writes down what came of it, without a word of what was said."""
    run = BulkRun(actor_id=actor.person_id, action=action, at=now(), results=list(results))
    session.add(run)
    session.flush()
    return run


def forget_runs(actor: Actor) -> int:
    """Deletes a batch of runs that nobody can repeat any more; answers how many."""
    del actor
    old = select(BulkRun.id).where(BulkRun.at < now() - RUNS_KEPT).limit(_BATCH)
    result = session.execute(delete(BulkRun).where(BulkRun.id.in_(old)))
    return int(getattr(result, "rowcount", 0))
