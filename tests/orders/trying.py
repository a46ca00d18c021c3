"""Tries each action on an order in each state, over the API, by somebody who may do it.

And lets happen to it what no person calls: time passes, people leave, parts are settled.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.jobs import TIMETABLE
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.orders.ticket.models import NoShow, Order, OrderEvent, OrderFollower, OrderRequest
from app.orders.ticket.states import (
    Action,
    ContentState,
    DispatchMode,
    OrderStatus,
    RequestKind,
    RequestState,
)
from app.people.models import Person
from app.people.service import deactivate_person, erase_person, grant_role
from tests.orders.days import Day, set_columns
from tests.orders.stages import DEEDS, NOTE, STAGES
from tests.orders.stories import do
from tests.permissions.actors import undone
from tests.world import SKILLS, SYSTEM, World

A, S = Action, OrderStatus
Prepare = Callable[[World, int], None]
Body = dict[str, Any]

# No person calls these on an order: the program does them.
BY_ITSELF = {
    A.LAPSE,
    A.CLOSE_UNANSWERED,
    A.GATHER,
    A.LAPSE_REQUEST,
    A.REMIND,
    A.RELEASE,
    A.ERASE,
}
# Who tries it, where that is not the one of `DEEDS`: somebody who may in every state.
BY_WHOM = {
    A.CLAIM: "leader",
    A.DECLINE: "dispatcher",
    A.SUSPEND: "dispatcher",
    A.RESUME: "dispatcher",
    A.JOIN: "resident2",
    A.SUPPORT: "dispatcher",
    A.AGREE: "leader",
    A.REFUSE: "leader",
}
# The holder alone may; where nobody holds the order, nobody may.
BY_HOLDER = {A.APPOINT, A.START, A.PROGRESS, A.RETURN, A.COMPLETE}
HELD = {S.CLAIMED, S.IN_PROGRESS, S.SUSPENDED}


def _days(count: int) -> str:
    return (now() + timedelta(days=count)).isoformat()


def _bodies(world: World) -> dict[Action, list[Body]]:
    """Valid bodies, where not the one of `DEEDS`; together they lead wherever the action can lead."""
    grid = world.ids["grid"]
    return {
        A.DISPATCH: [{"mode": "pool"}, {"mode": "direct", "assignee_id": grid}],
        A.REASSIGN: [
            {"reason": "换人", "mode": "pool"},
            {"reason": "换人", "mode": "direct", "assignee_id": grid},
        ],
        A.SUSPEND: [
            {"reason": "等配件", "until": _days(1)},
            {"reason": "等配件", "until": _days(20)},
        ],
        A.CHECK: [{"passed": True}, {"passed": False, "note": "没有修好。"}],
        A.RATE: [{"solved": True}, {"solved": False}],
        A.FOLLOW_UP: [
            {"outcome": "no_answer"},
            {"outcome": "reached", "solved": True},
            {"outcome": "reached", "solved": False},
        ],
        A.DECIDE: [{"again": True, "reason": "再派一次"}, {"again": False, "reason": "已经尽力"}],
        A.JOIN: [{}],
        A.SUPPORT: [{"note": NOTE}],
        A.AGREE: [{}],
        A.REFUSE: [{"reason": "按时办完"}],
    }


def _row(row: Any) -> None:
    session.add(row)
    session.commit()


def _to_decide(_: World, order_id: int) -> None:
    set_columns(order_id, to_decide=True)


def _asked(_: World, order_id: int) -> None:
    set_columns(order_id, asked_at=now())


def _appointed(_: World, order_id: int) -> None:
    set_columns(order_id, appointed_at=now() - timedelta(hours=1))


def _reported(world: World, order_id: int) -> None:
    _row(NoShow(order_id=order_id, person_id=world.ids["member2"], reported_at=now()))


def _offered(world: World, order_id: int) -> None:
    set_columns(order_id, offered_to_id=world.ids["dispatcher"])


def _in_pool(_: World, order_id: int) -> None:
    set_columns(order_id, mode=DispatchMode.POOL, content_state=ContentState.PASSED)


def _joinable(world: World, order_id: int) -> None:
    """Open to a neighbour; what is open no more is still known to a neighbour who joined before."""
    set_columns(order_id, content_state=ContentState.PASSED)
    if status_of(order_id) not in HELD | {S.SUBMITTED, S.DISPATCHED}:
        person_id = world.ids["resident2"]
        _row(OrderFollower(order_id=order_id, person_id=person_id, since=now()))


def _waiting(world: World, order_id: int) -> None:
    """The handler has asked for two more days."""
    due = session.get_one(Order, order_id).due_at or now()
    _row(
        OrderRequest(
            order_id=order_id,
            kind=RequestKind.EXTEND,
            asked_by_id=world.ids["member"],
            unit_id=world.community.id,
            unit_path=world.community.path,
            asked_at=now(),
            until=now() + timedelta(days=1),
            state=RequestState.PENDING,
            details={"due_at": (due + timedelta(days=2)).isoformat()},
            reason="等配件",
        )
    )


# What must be so before, that the state alone decides.
PREPARED: dict[Action, Prepare] = {
    A.DECIDE: _to_decide,
    A.ANSWER: _asked,
    A.NOT_COME: _appointed,
    A.CONFIRM_NO_SHOW: _reported,
    A.DECLINE: _offered,
    A.SUPPORT: _in_pool,
    A.JOIN: _joinable,
    A.AGREE: _waiting,
    A.REFUSE: _waiting,
}


@dataclass(slots=True)
class Tried:
    """How an action was answered in one state: the states it led to, and the refusals."""

    ends: set[OrderStatus] = field(default_factory=set)
    refusals: set[tuple[int, str]] = field(default_factory=set)


def arranged(world: World, status: OrderStatus) -> int:
    """An order in that state, in a district whose caps and skills refuse nothing.

    Staff of the unit see the order in every state. So one of them may also claim here, another one
    elsewhere.
    """
    world.lift_caps()
    grant_role(SYSTEM, world.ids["leader"], "member", world.community.id)
    grant_role(SYSTEM, world.ids["dispatcher"], "member", world.other_community.id)
    leader = session.get_one(Person, world.ids["leader"])
    leader.skills = list(SKILLS)
    session.commit()
    return STAGES[status](world)


def status_of(order_id: int) -> OrderStatus:
    """The state that the database has."""
    return session.scalars(select(Order.status).where(Order.id == order_id)).one()


def try_all(world: World, status: OrderStatus, order_id: int) -> Iterator[tuple[Action, Tried]]:
    """Each action that a person calls, with every body; each time the order is as it was before."""
    bodies = _bodies(world)
    for action in Action:
        if action is A.SUBMIT or action in BY_ITSELF:
            continue
        who = BY_WHOM.get(action) or DEEDS[action].who
        if action in BY_HOLDER and status not in HELD:
            who = "dispatcher"
        tried = Tried()
        several: Sequence[Body | None] = bodies.get(action) or [None]
        for body in several:
            with undone():
                if action in PREPARED:
                    PREPARED[action](world, order_id)
                sent = DEEDS[action].body(world) if body is None else body
                _try(world, who, order_id, action, sent, tried)
        yield action, tried


def _try(world: World, who: str, order_id: int, action: Action, body: Body, tried: Tried) -> None:
    path = f"/orders/{order_id}/{action.value}"
    if action in (A.AGREE, A.REFUSE):
        asked = select(OrderRequest.id).where(OrderRequest.order_id == order_id)
        path = f"/orders/{order_id}/requests/{session.scalars(asked).one()}/{action.value}"
    answer = world.post(who, path, **body)
    if answer.status_code == 200:
        tried.ends.add(status_of(order_id))
    else:
        tried.refusals.add((answer.status_code, str((answer.json or {}).get("code"))))


Cause = Callable[[World, Day, int], None]
_ORDER_JOBS = [job.work for job in TIMETABLE if job.name.startswith("orders.")]


def _time_passes(world: World, day: Day, order_id: int) -> None:
    _waiting(world, order_id)
    for hours in (13, 25, 50, 24 * 3, 24 * 8):
        day.go(hours=hours)
        for work in _ORDER_JOBS:
            with transaction():
                work()


def _the_offer_waits(world: World, day: Day, order_id: int) -> None:
    if status_of(order_id) is S.DISPATCHED:
        set_columns(order_id, mode=DispatchMode.DIRECT, offered_to_id=world.ids["member"])
        _time_passes(world, day, order_id)


def _the_requester_is_erased(world: World, _: Day, order_id: int) -> None:
    do(erase_person, world.actor("admin"), world.ids["resident"], forced=True, reason="本人要求")


def _the_member_leaves(world: World, _: Day, order_id: int) -> None:
    if status_of(order_id) is S.DISPATCHED:
        set_columns(order_id, mode=DispatchMode.DIRECT, offered_to_id=world.ids["member"])
    do(deactivate_person, world.actor("leader"), world.ids["member"], "搬走了")


def _the_parts_are_done(world: World, _: Day, order_id: int) -> None:
    if status_of(order_id) not in HELD | {S.SUBMITTED, S.DISPATCHED}:
        return
    world.act(
        "dispatcher", order_id, "split", parts=[{"assignee_id": world.ids["grid"], "task": "拍照"}]
    )
    part = session.scalars(select(Order.id).where(Order.parent_id == order_id)).one()
    world.act("grid", part, "complete", note="已经办好了。")
    world.act("dispatcher", part, "rate", solved=True)


_CAUSES: tuple[Cause, ...] = (
    _time_passes,
    _the_offer_waits,
    _the_requester_is_erased,
    _the_member_leaves,
    _the_parts_are_done,
)


def happened_by_itself(world: World, day: Day, order_id: int) -> Iterator[OrderEvent]:
    """The rows that each cause adds to the history; each time the order is as it was before."""
    version = session.get_one(Order, order_id).version
    for cause in _CAUSES:
        with undone():
            day.go()
            cause(world, day, order_id)
            rows = select(OrderEvent).where(
                OrderEvent.order_id == order_id, OrderEvent.seq > version
            )
            yield from session.scalars(rows.order_by(OrderEvent.seq)).all()
