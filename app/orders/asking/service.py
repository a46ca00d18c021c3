"""Asks a unit for an agreement: a row waits, the order does not move, and its deadlines run on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.deadlines.terms.surroundings import next_working_day
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict
from app.orders.access.policy import deciding
from app.orders.record.core import need_reason, write
from app.orders.record.telling import cleared_holders, tell
from app.orders.ticket.models import Asked, Order, OrderRequest
from app.orders.ticket.states import ASKED_BY, BETWEEN_UNITS, REQUEST_LAPSES, TABLE, RequestKind
from app.organisation.models import Unit
from app.organisation.queries import get_unit, hold_unit, unit_above

WORDS = {kind: TABLE[action].word for kind, action in ASKED_BY.items()}
WORDS |= {RequestKind.SUPPORT: "支援", RequestKind.CLOSE: "办结"}
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
    """Puts a request to the order's unit, with `above` to the unit above it, or to `unit`.

    Writes the history and tells the people who may answer. `details` is for the answer, as JSON.
    Raises Invalid `order.reason_required`, Conflict `order.request_pending` where a request of this
    kind waits already.
    """
    at = now()
    reason = need_reason(reason)
    unit = unit or get_unit(order.handling_unit_id)
    decider = hold_unit((unit_above(unit) if above else unit).id)
    until = lapses_at(kind, decider.id, at)
    asked = Asked(kind, decider.id, decider.path, until, reason, details or {})
    request = order.ask(ASKED_BY[kind], at, actor.person_id, asked)
    _keep(request)
    order.note(request_id=request.id)
    write(actor, order, note=reason, visible=kind is RequestKind.CANCEL)
    deciders = cleared_holders(order, deciding(kind), decider.id)
    tell(order, TOLD.get(kind, "asked_agreement"), deciders, what=WORDS[kind])
    return order


def lapses_at(kind: RequestKind, unit_id: int, at: datetime) -> datetime:
    """The time at which a request to the unit, made at `at`, lapses without an answer.

    After 24 hours; for a request between units after one working day of the unit that is asked.
    """
    return next_working_day(unit_id, at) if kind in BETWEEN_UNITS else at + REQUEST_LAPSES


def _keep(request: OrderRequest) -> None:
    try:
        with session.begin_nested():
            session.add(request)
    except IntegrityError as double:
        raise Conflict(
            "order.request_pending", f"已经有一项{WORDS[request.kind]}申请在等答复。"
        ) from double
