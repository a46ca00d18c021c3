"""Asking for an agreement: a row that waits; the order does not move and clocks run meanwhile."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.deadlines.terms.surroundings import next_working_day
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict
from app.orders.ticket.core import need_reason, write
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.policy import deciding
from app.orders.ticket.states import (
    ASKED_BY,
    BETWEEN_UNITS,
    REQUEST_LAPSES,
    RequestKind,
    RequestState,
)
from app.orders.ticket.telling import cleared_holders, tell
from app.organisation.models import Unit
from app.organisation.queries import ancestors, get_unit, hold_unit

WORDS = {
    RequestKind.SUSPEND: "暂缓",
    RequestKind.EXTEND: "延期",
    RequestKind.CANCEL: "撤单",
    RequestKind.TRANSFER: "转办",
    RequestKind.REPORT_UP: "上报",
    RequestKind.SUPPORT: "支援",
    RequestKind.CLOSE: "办结",
}
TOLD = {RequestKind.TRANSFER: "transfer_asked", RequestKind.REPORT_UP: "reported_up"}


def ask_agreement(
    actor: Actor,
    order: Order,
    kind: RequestKind,
    *,
    reason: str | None,
    details: Mapping[str, Any] | None = None,
    above: bool = False,
    unit: Unit | None = None,
) -> Order:
    """Puts a request to the order's unit, to the unit above it, or to `unit`; writes the history.

    Raises Conflict `order.request_pending` where one of the kind waits already.
    """
    at = now()
    reason = need_reason(reason)
    decider = hold_unit((unit or _decider(order, above=above)).id)
    asked = _insert(actor, order, kind, decider, at, reason, dict(details or {}))
    write(
        actor,
        order,
        ASKED_BY[kind],
        before=order.status,
        note=reason,
        details={"request_id": asked, "asked": kind.value, **(details or {})},
        visible=kind is RequestKind.CANCEL,
    )
    deciders = cleared_holders(order, deciding(kind), decider.id)
    tell(order, TOLD.get(kind, "asked_agreement"), deciders, what=WORDS[kind])
    return order


def _decider(order: Order, *, above: bool) -> Unit:
    unit = get_unit(order.handling_unit_id)
    if not above:
        return unit
    upper = ancestors(unit)
    return upper[0] if upper else unit


def lapses_at(kind: RequestKind, unit_id: int, at: datetime) -> datetime:
    """When a request of that kind, put to the unit at `at`, ends without an answer.

    After 24 hours; between units after one working day of the unit that is asked.
    """
    return next_working_day(unit_id, at) if kind in BETWEEN_UNITS else at + REQUEST_LAPSES


def _insert(
    actor: Actor,
    order: Order,
    kind: RequestKind,
    unit: Unit,
    at: datetime,
    reason: str,
    details: dict[str, Any],
) -> int:
    statement = (
        insert(OrderRequest)
        .values(
            order_id=order.id,
            kind=kind,
            asked_by_id=actor.person_id,
            unit_id=unit.id,
            unit_path=unit.path,
            asked_at=at,
            until=lapses_at(kind, unit.id, at),
            state=RequestState.PENDING,
            details=details,
            reason=reason,
        )
        .returning(OrderRequest.id)
    )
    try:
        with session.begin_nested():
            return int(session.execute(statement).scalar_one())
    except IntegrityError as double:
        raise Conflict(
            "order.request_pending", f"已经有一项{WORDS[kind]}申请在等答复。"
        ) from double
