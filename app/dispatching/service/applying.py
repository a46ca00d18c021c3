"""Carries out a matching that the dispatcher has read, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from app.dispatching.facts import Caps, Errand, Handler
from app.dispatching.fitting import fit
from app.dispatching.models import BulkRun
from app.dispatching.policy import giving, may_give_out
from app.dispatching.queries.errands import caps_of, errands_of
from app.dispatching.queries.handlers import handlers_of
from app.dispatching.service.running import attempt, keep, lock_all
from app.dispatching.states import APPLY_MATCHING
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, not_found
from app.orders.access.visible import orders_visible_to
from app.orders.desk.service import dispatch_order, reassign_order
from app.orders.ticket.models import Order
from app.orders.ticket.states import Action, DispatchMode, OrderStatus
from app.people.queries import masked_names

_REASON = "按匹配方案指派。"


@dataclass(slots=True)
class _Desk:
    """The facts read after everything is locked; `given` counts by person id what this run gave."""

    orders: Mapping[int, Order]
    errands: Mapping[int, Errand]
    handlers: Mapping[int, Handler]
    caps: Mapping[int, Caps]
    names: Mapping[int, str]
    given: dict[int, int] = field(default_factory=dict)

    def handler(self, person_id: int, errand: Errand) -> Handler:
        """The handler; orders that this run gave to him or her are counted in `offered`.

        Raises Invalid `assignee.unknown` if the person may not serve the unit of the errand.
        """
        found = self.handlers.get(person_id)
        if found is None or not found.may_serve(errand.path):
            raise Invalid("assignee.unknown", "没有找到这位办理人，或他不在本单位。")
        return replace(found, offered=found.offered + self.given.get(person_id, 0))


def apply_matching(actor: Actor, *, rows: Sequence[Mapping[str, Any]]) -> BulkRun:
    """Dispatches each row {order_id, assignee_ids}; the bulk run holds the result of each row.

    All orders and people are locked first and judged again. If an order was claimed meanwhile, or a
    person is away or has reached a cap, this row gets the status 409 and the other rows go on. Of
    several people the first gets the order, the others go along as helpers.
    """
    people = {person_id for row in rows for person_id in row["assignee_ids"]}
    lock_all(actor, [row["order_id"] for row in rows], people)
    desk = _read(actor, rows, people)
    results = [
        attempt(row["order_id"], partial(_give, actor, desk, row["order_id"], row["assignee_ids"]))
        for row in rows
    ]
    return keep(actor, APPLY_MATCHING, results)


def _read(actor: Actor, rows: Sequence[Mapping[str, Any]], people: set[int]) -> _Desk:
    at, ids = now(), [row["order_id"] for row in rows]
    orders = {o.id: o for o in session.scalars(orders_visible_to(actor).where(Order.id.in_(ids)))}
    errands = errands_of(list(orders.values()), at)
    return _Desk(
        orders=orders,
        errands=errands,
        handlers={h.id: h for h in handlers_of({e.path for e in errands.values()}, at)},
        caps=caps_of(errand.unit_id for errand in errands.values()),
        names=masked_names(people),
    )


def _give(actor: Actor, desk: _Desk, order_id: int, assignee_ids: Sequence[int]) -> None:
    order = desk.orders.get(order_id)
    if order is None:
        raise not_found()
    _check_order(actor, order)
    errand = desk.errands[order_id]
    if len(set(assignee_ids)) != errand.people or len(assignee_ids) != errand.people:
        raise Invalid("matching.people", f"这张工单要派给{errand.people}个不同的人。")
    for person_id in assignee_ids:
        _check_person(errand, desk.handler(person_id, errand), desk.caps[errand.unit_id])
    first, *companions = assignee_ids
    _dispatch(actor, order, desk, first, companions)
    for person_id in assignee_ids:
        desk.given[person_id] = desk.given.get(person_id, 0) + 1


def _check_order(actor: Actor, order: Order) -> None:
    if not may_give_out(actor, order):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    if order.is_held or order.status is OrderStatus.COMPLETED:
        raise Conflict("order.already_claimed", "已经有人接了这张工单。")
    if order.status is OrderStatus.DISPATCHED and order.mode is not DispatchMode.POOL:
        raise Conflict("order.already_offered", "这张工单已经派给别人，正在等他答复。")


def _check_person(errand: Errand, handler: Handler, caps: Caps) -> None:
    obstacle = fit(errand, handler, caps).obstacle
    if obstacle is None:
        return
    # The same classes as in the verb for a single order.
    refusal = Invalid if obstacle.code == "order.own" else Conflict
    raise refusal(obstacle.code, f"这位办理人不合适：{obstacle.text}")


def _dispatch(
    actor: Actor, order: Order, desk: _Desk, first: int, companions: Sequence[int]
) -> None:
    names = "、".join(desk.names[person_id] for person_id in companions)
    anew = giving(order) is Action.REASSIGN
    verb = partial(reassign_order, reason=_REASON) if anew else dispatch_order
    verb(
        actor,
        order.id,
        mode=DispatchMode.DIRECT,
        assignee_id=first,
        helper_ids=companions,
        note=f"同行：{names}。" if companions else None,
    )
