"""Beyond the unit: extensions, reporting up, transfer, support from elsewhere, supervision."""

from datetime import datetime

from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.errors import Conflict, Invalid, NotFound
from app.orders.models import Order
from app.orders.policy import may_manage
from app.orders.service.asking import ask_agreement
from app.orders.service.core import (
    desk,
    need_reason,
    requesters,
    take,
    tell,
    write,
)
from app.orders.states import Action, OrderStatus, RequestKind
from app.organisation.queries import ancestors, get_unit, is_open


def extend_order(
    actor: Actor, order_id: int, *, due_at: datetime, reason: str | None = None
) -> Order:
    """延期: the handler asks before it is due; the dispatcher once, then the unit above agrees."""
    order = take(actor, order_id, Action.EXTEND)
    at = now()
    if due_at <= at or (order.due_at is not None and due_at <= order.due_at):
        raise Invalid("order.not_later", "新的办结时间要比原来的晚。")
    if order.due_at is not None and order.due_at <= at:
        raise Conflict("order.already_due", "已经超期，不能再延期，请尽快办结。")
    if order.imposed_due_at is not None and due_at > order.imposed_due_at:
        raise Invalid("order.beyond_imposed", "上级交办的期限不能延后。")
    by_desk = may_manage(actor, order)
    details = {"due_at": due_at.isoformat()}
    within = order.due_at is None or due_at - order.due_at <= order.due_at - order.submitted_at
    if not by_desk or order.extensions > 0 or not within:
        above = by_desk
        return ask_agreement(
            actor, order, RequestKind.EXTEND, reason=reason, details=details, above=above
        )
    extend_now(actor, order, Action.EXTEND, due_at=due_at, note=need_reason(reason))
    return order


def extend_now(
    actor: Actor, order: Order, action: Action, *, due_at: datetime, note: str | None
) -> None:
    """The later date holds; the resident hears of it."""
    order.extensions += 1
    order.due_at = due_at
    # While it is suspended nothing can fall due.
    order.next_due_at = None if order.status is OrderStatus.SUSPENDED else due_at
    details = {"due_at": due_at.isoformat()}
    write(actor, order, action, before=order.status, note=note, details=details)
    day = to_local(due_at)
    tell(order, "extended", requesters(order), time=f"{day.month}月{day.day}日")


def report_up_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """上报: the unit above accepts and owns it, or sends it back with a reason."""
    order = take(actor, order_id, Action.REPORT_UP)
    if not ancestors(get_unit(order.handling_unit_id)):
        raise Conflict("order.no_unit_above", "上面没有单位可以上报了。")
    ask_agreement(actor, order, RequestKind.REPORT_UP, reason=reason, above=True)
    return order


def transfer_order(actor: Actor, order_id: int, *, unit_id: int, reason: str) -> Order:
    """转办: the receiving unit signs for it or sends it back; the first handler stays on record."""
    order = take(actor, order_id, Action.TRANSFER)
    try:
        unit = get_unit(unit_id)
    except NotFound as missing:
        raise Invalid("unit.unknown", "没有找到这个单位，请重新选择。") from missing
    if not is_open(unit) or unit.id == order.handling_unit_id:
        raise Invalid("unit.unknown", "请选择另一个单位。")
    ask_agreement(
        actor,
        order,
        RequestKind.TRANSFER,
        reason=reason,
        details={"unit_id": unit.id},
        unit=unit,
    )
    return order


def support_order(actor: Actor, order_id: int, *, note: str) -> Order:
    """跨社区支援: somebody from elsewhere asks for one order; the dispatcher agrees."""
    order = take(actor, order_id, Action.SUPPORT)
    return ask_agreement(
        actor, order, RequestKind.SUPPORT, reason=note, details={"person_id": actor.own_id}
    )


def supervise_order(actor: Actor, order_id: int, *, note: str) -> Order:
    """督办: the owner stays, the upper unit watches until it is met."""
    order = take(actor, order_id, Action.SUPERVISE)
    watching = [
        grant
        for grant in actor.grants
        if "orders.supervise" in grant.permissions
        and order.handling_path.startswith(grant.unit_path)
        and grant.unit_path != order.handling_path
    ]
    nearest = max(watching, key=lambda grant: len(grant.unit_path))
    order.attention_unit_id = nearest.unit_id
    details = {"unit_id": nearest.unit_id}
    write(
        actor, order, Action.SUPERVISE, before=order.status, note=need_reason(note), details=details
    )
    tell(order, "supervised", [*desk(order), order.holder_id])
    return order
