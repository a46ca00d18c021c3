"""暂缓 and 恢复: an order is suspended until a date, and resumed."""

from datetime import datetime, timedelta

from app.kernel.actor import Actor
from app.kernel.clock import now, spoken
from app.kernel.errors import Conflict, Invalid
from app.orders.access.policy import may_manage
from app.orders.asking.service import ask_agreement
from app.orders.record.core import need_reason, take, write
from app.orders.record.telling import requesters, tell
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
    """暂缓: the handler suspends the order for up to three days; for longer a dispatcher must agree.

    Over 15 days, or the second time in a round, it is 挂账, to which the unit above must agree.
    Raises Invalid `order.time_in_the_past`, `order.suspended_too_long`, `order.reason_required`;
    Conflict `order.suspended_twice`; and what `take` and `ask_agreement` raise.
    """
    order = take(actor, order_id, Action.SUSPEND)
    length = until - now()
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
    pause(actor, order, None, until=until, reason=need_reason(reason))
    return order


def check_pause(order: Order, length: timedelta) -> None:
    """Raises an error where the pause exceeds two pauses, or 30 days together, in the round.

    Conflict `order.suspended_twice`, Invalid `order.suspended_too_long`.
    """
    if order.suspensions >= SUSPENSIONS_A_ROUND:
        raise Conflict("order.suspended_twice", "这张工单已暂缓过两次，不能再暂缓。")
    if order.suspended_seconds + length.total_seconds() > SUSPENDED_A_ROUND.total_seconds():
        raise Invalid("order.suspended_too_long", "一张工单暂缓合计不能超过30天。")


def pause(
    actor: Actor,
    order: Order,
    request: OrderRequest | None,
    *,
    until: datetime,
    reason: str,
    long_term: bool = False,
) -> None:
    """Suspends a locked order, by SUSPEND or by the agreement to the request; tells the requester."""
    action = Action.AGREE if request else Action.SUSPEND
    order.suspend(action, now(), until=until, long_term=long_term)
    if request is not None:
        order.note(**request.named)
    write(actor, order, note=reason)
    tell(order, "suspended", requesters(order), time=spoken(until))


def resume_order(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """恢复: ends the pause; the date to be solved by moves by its length. Raises what `take` raises."""
    order = take(actor, order_id, Action.RESUME)
    order.resume(now())
    write(actor, order, note=note)
    tell(order, "resumed", [*requesters(order), order.holder_id])
    return order
