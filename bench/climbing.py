"""The baseline of `bench.sweep`: the sweep of deadlines as a plain loop over ORM objects.

For each deadline it loads the order, computes the rungs by the program's own ladder, adds each rung as
an object, tells each person in a statement of their own, and moves the row on. It commits after each
hundred deadlines.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from app.deadlines.computing.ladders import Climb, Rung, ladder
from app.deadlines.computing.states import STAGE_WORDS, Level, Stage
from app.deadlines.standing.models import WAITING, Deadline, DeadlineStep
from app.deadlines.terms.surroundings import Here
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.notifications.service import notify
from app.orders.record.core import write
from app.orders.record.telling import cleared_holders, spoken
from app.orders.record.timing import KIND
from app.orders.ticket.models import Order
from app.orders.ticket.states import Action, DispatchMode, OrderStatus
from app.organisation.queries import ancestors, get_unit

_BATCH = 100
_ACTOR = Actor.system("bench")
_MOMENTS = {Level.UP_1: "order.escalated", Level.UP_2: "order.escalated"}


def by_loop() -> None:
    """Works off all deadlines whose next rung has come, batch after batch."""
    while True:
        with transaction():
            due = (
                select(Deadline)
                .where(WAITING, Deadline.next_at <= now())
                .order_by(Deadline.next_at, Deadline.id)
                .limit(_BATCH)
                .with_for_update()
            )
            deadlines = session.scalars(due).all()
            for deadline in deadlines:
                _climb(deadline)
        if not deadlines:
            return


def climb_of(row: Any) -> Climb:
    """The values of a row of `deadlines` from which its ladder is computed."""
    return Climb(
        row.stage, tuple(row.versions), row.urgency, row.unit_id, row.counts_since, row.due_at
    )


def _climb(deadline: Deadline) -> None:
    at, rungs = now(), ladder(climb_of(deadline), Here())
    names = [rung.name for rung in rungs]
    waiting = rungs[names.index(deadline.next_step or "") :]
    passed = [rung for rung in waiting if rung.at <= at]
    for rung in passed:
        session.add(
            DeadlineStep(
                deadline_id=deadline.id,
                generation=deadline.generation,
                step=rung.name,
                level=rung.level,
                due_at=deadline.due_at,
                at=rung.at,
                done_at=at,
                skipped=rung is not passed[-1],
            )
        )
    _tell(deadline, passed[-1])
    coming = waiting[len(passed)] if len(waiting) > len(passed) else None
    deadline.next_at = coming.at if coming else None
    deadline.next_step = coming.name if coming else None


def _tell(deadline: Deadline, rung: Rung) -> None:
    order = session.get_one(Order, deadline.subject_id)
    if order.round != deadline.round or deadline.due_at is None:
        return
    moment = "order.overdue" if deadline.due_at <= now() else "order.due_soon"
    params = {
        "number": order.number,
        "stage": STAGE_WORDS[deadline.stage],
        "time": spoken(deadline.due_at),
    }
    for person_id in dict.fromkeys(_hearers(order, deadline.stage, rung.level)):
        notify(
            [person_id],
            _MOMENTS.get(rung.level, moment),
            subject=(KIND, order.id),
            params=params,
            urgent=deadline.urgency == "emergency",
        )


def _hearers(order: Order, stage: Stage, level: Level) -> Iterable[int]:
    unit_id = order.handling_unit_id
    if level is Level.HANDLER:
        return _actors(order, stage)
    if level is Level.DESK:
        desk = "orders.acknowledge" if stage is Stage.ACKNOWLEDGE else "orders.dispatch"
        return [*_actors(order, stage), *cleared_holders(order, desk, unit_id)]
    if level is Level.LEADER:
        return cleared_holders(order, "orders.lead", unit_id)
    above = ancestors(get_unit(unit_id))[0 if level is Level.UP_1 else 1]
    watching = get_unit(order.attention_unit_id)
    if watching.path.startswith(above.path) and watching.id != above.id:
        order.attention_unit_id = above.id
        note = f"{STAGE_WORDS[stage]}超期，自动督办。"
        details = {"unit_id": above.id, "stage": stage.value}
        write(_ACTOR, order, Action.SUPERVISE, before=order.status, note=note, details=details)
    return cleared_holders(order, "orders.supervise", above.id)


def _actors(order: Order, stage: Stage) -> list[int]:
    if stage not in (Stage.ACKNOWLEDGE, Stage.ARRANGE):
        asked = order.mode is DispatchMode.DIRECT and order.status is OrderStatus.DISPATCHED
        person_id = order.offered_to_id if asked else order.holder_id
        if person_id is not None:
            return [person_id]
    return cleared_holders(order, "orders.dispatch", order.handling_unit_id)
