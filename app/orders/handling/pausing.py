"""暂缓与恢复: an order stands still until a date, and goes on."""

from datetime import datetime, timedelta

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.errors import Conflict, Invalid
from app.orders.access.policy import may_manage
from app.orders.asking.service import ask_agreement
from app.orders.record.core import need_reason, take, write
from app.orders.record.telling import requesters, spoken, tell
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import (
    SUSPEND_BY_HANDLER,
    SUSPEND_LONG_TERM,
    SUSPENDED_A_ROUND,
    SUSPENSIONS_A_ROUND,
    Action,
    RequestKind,
)


def suspend_order(actor: Actor, order_id: int, *, reason: str, until: datetime) -> Order:
    """暂缓: up to three days by the handler, longer by the dispatcher's agreement.

    Over 15 days, or the second time in a round, it becomes 挂账, agreed by the unit above. At most two
    suspensions and 30 days a round.
    """
    order = take(actor, order_id, Action.SUSPEND)
    at = now()
    length = until - at
    if length.total_seconds() <= 0:
        raise Invalid(
            "order.time_in_the_past",
            "恢复的日期要在现在之后。",
            errors={"until": ["要在现在之后。"]},
        )
    check_pause(order, length)
    long_term = length > SUSPEND_LONG_TERM or order.suspensions > 0
    by_desk = may_manage(actor, order)
    if long_term or (length > SUSPEND_BY_HANDLER and not by_desk):
        details = {"until": until.isoformat(), "long_term": long_term}
        return ask_agreement(
            actor, order, RequestKind.SUSPEND, reason=reason, details=details, above=long_term
        )
    pause(actor, order, Action.SUSPEND, until=until, reason=need_reason(reason), long_term=False)
    return order


def check_pause(order: Order, length: timedelta) -> None:
    """At most two a round, and 30 days together."""
    if order.suspensions >= SUSPENSIONS_A_ROUND:
        raise Conflict("order.suspended_twice", "这张工单已暂缓过两次，不能再暂缓。")
    if order.suspended_seconds + length.total_seconds() > SUSPENDED_A_ROUND.total_seconds():
        raise Invalid("order.suspended_too_long", "一张工单暂缓合计不能超过30天。")


def pause(
    actor: Actor,
    order: Order,
    action: Action,
    *,
    until: datetime,
    reason: str,
    long_term: bool,
    request: OrderRequest | None = None,
) -> None:
    """The order stands still until then; also what an agreement to that request does."""
    order.suspend(action, now(), until=until, long_term=long_term)
    if request is not None:
        order.note(**request.named)
    write(actor, order, note=reason)
    tell(order, "suspended", requesters(order), time=spoken(until))


def resume_order(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """恢复: on its date, or earlier by handler or dispatcher; the solve date moves by the pause."""
    order = take(actor, order_id, Action.RESUME)
    order.resume(now())
    write(actor, order, note=note)
    tell(order, "resumed", [*requesters(order), order.holder_id])
    return order
