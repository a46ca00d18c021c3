"""The best matching of a unit's orders with its handlers, as a proposal that changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from app.categories.states import Urgency
from app.dispatching.facts import Errand
from app.dispatching.planning import Sheet, pressing
from app.dispatching.policy import may_give_out, may_match
from app.dispatching.queries.errands import caps_of, errands_of
from app.dispatching.queries.handlers import handlers_of
from app.dispatching.solver import Given, Plan, match
from app.dispatching.states import MOST_ORDERS, SOLVE_SECONDS
from app.dispatching.wording import reasons
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.orders.access.visible import orders_visible_to, under
from app.orders.ticket.models import Order
from app.orders.ticket.states import STAFF_WORDS, DispatchMode, HandlerKind, OrderStatus
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people.queries import masked_names

_PRESSING = (
    case((Order.urgency == Urgency.EMERGENCY, 0), (Order.urgency == Urgency.URGENT, 1), else_=2),
    Order.green_channel.desc(),
    Order.submitted_at,
    Order.id,
)


@dataclass(frozen=True, slots=True)
class Matching:
    """A proposed matching in the shape of the API's answer: `MatchingOut` in schemas.py."""

    rows: list[dict[str, Any]]
    unmatched: list[dict[str, Any]]
    totals: dict[str, Any]


def matching_of(actor: Actor, unit_id: int, order_ids: Sequence[int] | None = None) -> Matching:
    """The best matching of orders with handlers, with reasons, and why the other orders are left.

    Takes the orders with `order_ids`. Without `order_ids` it takes the 200 most pressing orders of
    the unit and the units below it that wait at the desk or in the pool and that the actor may give
    out. Staff are not proposed as handlers. `totals["proven"]` is False if the three seconds of the
    solver were over before the matching was proven to be the best.

    Raises Invalid `unit.unknown`, and Forbidden `matching.not_allowed` if the actor may not dispatch
    in the unit.
    """
    unit = _unit(actor, unit_id)
    unmatched: list[dict[str, Any]] = []
    if order_ids is None:
        orders, left_out = _waiting(actor, unit)
    else:
        orders, unmatched = _named(actor, unit, order_ids)
        left_out = 0
    ready = [order for order in orders if not order.to_decide]
    unmatched += [_left(o.id, "请领导先研判。", o) for o in orders if o.to_decide]
    at = now()
    sheet = _sheet(ready, at)
    plan = match(sheet.problem(), seconds=SOLVE_SECONDS)
    rows = _rows(sheet, plan, {order.id: order.number for order in ready}, at)
    matched = {row["order_id"] for row in rows}
    unmatched += [_left(o.id, sheet.why(o.id), o) for o in ready if o.id not in matched]
    totals = {
        "matched": len(rows),
        "distance_m": sum(row["distance_m"] or 0 for row in rows),
        "unmet_skills": sheet.unmet(plan),
        "proven": plan.proven,
        "left_out": left_out,
    }
    return Matching(rows, unmatched, totals)


def _left(order_id: int, why: str, order: Order | None) -> dict[str, Any]:
    return {"order_id": order_id, "number": None if order is None else order.number, "why": why}


def _unit(actor: Actor, unit_id: int) -> Unit:
    try:
        unit = get_unit(unit_id)
    except NotFound as missing:
        raise Invalid("unit.unknown", "没有找到这个单位，请重新选择。") from missing
    if not may_match(actor, unit.path):
        raise Forbidden("matching.not_allowed", "您不能给这个单位派单。")
    return unit


def _waiting(actor: Actor, unit: Unit) -> tuple[list[Order], int]:
    """The 200 most pressing orders that wait, and how many more orders wait."""
    given = _gives(actor)
    found = orders_visible_to(actor).where(
        Order.handling_path.startswith(unit.path, autoescape=True), given
    )
    orders = list(session.scalars(found.order_by(*_PRESSING).limit(MOST_ORDERS)))
    if len(orders) < MOST_ORDERS:
        return orders, 0
    number = session.scalar(select(func.count()).select_from(found.subquery()))
    return orders, (number or 0) - len(orders)


def _gives(actor: Actor) -> ColumnElement[bool]:
    """Orders at the desk where the actor dispatches, and in the pool where the actor manages."""
    at_desk = and_(
        Order.status == OrderStatus.SUBMITTED,
        under(Order.handling_path, actor.paths("orders.dispatch")),
    )
    pooled = and_(
        Order.status == OrderStatus.DISPATCHED,
        Order.mode == DispatchMode.POOL,
        under(Order.handling_path, actor.paths("orders.manage")),
    )
    return or_(at_desk, pooled)


def _named(
    actor: Actor, unit: Unit, order_ids: Sequence[int]
) -> tuple[list[Order], list[dict[str, Any]]]:
    """The named orders that can be given out, and for the other ones a row that tells why not."""
    found = orders_visible_to(actor).where(
        Order.id.in_(order_ids), Order.handling_path.startswith(unit.path, autoescape=True)
    )
    known = {order.id: order for order in session.scalars(found)}
    whys = {
        order_id: _why_not_ready(actor, known.get(order_id))
        for order_id in dict.fromkeys(order_ids)
    }
    ready = [known[order_id] for order_id, why in whys.items() if why is None]
    left = [(order_id, why) for order_id, why in whys.items() if why is not None]
    return ready, [_left(order_id, why, known.get(order_id)) for order_id, why in left]


def _why_not_ready(actor: Actor, order: Order | None) -> str | None:
    if order is None:
        return "没有找到这张工单，或它不归这个单位办。"
    if not is_waiting(order):
        return f"工单现在是“{STAFF_WORDS[order.status]}”，不用再派。"
    return None if may_give_out(actor, order) else "这张工单不由您来派。"


def is_waiting(order: Order) -> bool:
    """Returns whether the order is at the desk or in the pool: no one holds it or is offered it."""
    pooled = order.status is OrderStatus.DISPATCHED and order.mode is DispatchMode.POOL
    return order.status is OrderStatus.SUBMITTED or pooled


def _sheet(orders: Sequence[Order], at: datetime) -> Sheet:
    errands = list(errands_of(orders, at).values())
    handlers = handlers_of({errand.path for errand in errands}, at)
    return Sheet(
        errands,
        [handler for handler in handlers if handler.kind is not HandlerKind.STAFF],
        caps_of(errand.unit_id for errand in errands),
    )


def _rows(
    sheet: Sheet, plan: Plan, numbers: Mapping[int, str], at: datetime
) -> list[dict[str, Any]]:
    """The rows of the proposal, the most pressing order first."""
    names = masked_names({worker for given in plan.given for worker in given.workers})
    ordered = sorted(plan.given, key=lambda given: pressing(sheet.errands[given.task]))
    return [{"number": numbers[given.task], **_row(sheet, given, names, at)} for given in ordered]


def _row(sheet: Sheet, given: Given, names: dict[int, str], at: datetime) -> dict[str, Any]:
    errand = sheet.errands[given.task]
    times = () if given.time is None else (given.time,)
    fits = {
        worker: replace(sheet.fits[given.task, worker], times=times) for worker in given.workers
    }
    spoken = []
    for worker, found in fits.items():
        caps = sheet.caps[errand.unit_id]
        whose = f"{names[worker]}：" if len(fits) > 1 else ""
        said = reasons(errand, sheet.handlers[worker], found, caps, at)
        spoken += [f"{whose}{reason}" for reason in said]
    known = [found.distance for found in fits.values() if found.distance is not None]
    return {
        "order_id": given.task,
        "assignees": [{"id": worker, "name": names[worker]} for worker in given.workers],
        "reasons": spoken,
        "distance_m": sum(known) if known else None,
        "time": None if given.time is None else _span(errand, given.time),
    }


def _span(errand: Errand, time: int) -> dict[str, datetime]:
    since, until = errand.times[time]
    return {"since": since, "until": until}
