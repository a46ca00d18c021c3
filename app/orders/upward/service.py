"""Beyond the unit: extensions, reporting up, transfer, support from elsewhere, supervision."""

from datetime import datetime

from app.deadlines.computing.states import MONTH
from app.deadlines.standing.queries import solving_since
from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.errors import Conflict, Invalid, NotFound
from app.orders.asking.service import ask_agreement
from app.orders.ticket.core import need_reason, take, write
from app.orders.ticket.models import Order
from app.orders.ticket.policy import may_manage
from app.orders.ticket.states import PROGRESS_MIN_LENGTH, Action, RequestKind
from app.orders.ticket.telling import cleared_holders, desk, requesters, spoken_day, tell
from app.orders.ticket.timing import KIND
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
    _check_month(order, due_at)
    by_desk = may_manage(actor, order)
    details = {"due_at": due_at.isoformat()}
    # The length is the round's own: what was used before it gives nobody more.
    within = order.due_at is None or due_at - order.due_at <= order.due_at - _began(order)
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
    details = {"due_at": due_at.isoformat()}
    write(actor, order, action, before=order.status, note=note, details=details)


def _check_month(order: Order, due_at: datetime) -> None:
    """An agreed extension ends a month after the beginning; what takes longer needs a plan."""
    since = solving_since(KIND, order.id, order.round)
    if since is not None and due_at > since + MONTH:
        latest = to_local(since + MONTH)
        raise Invalid(
            "order.beyond_month",
            f"延期最晚到{latest.month}月{latest.day}日（一个月），需要更久请报立项计划。",
        )


def _began(order: Order) -> datetime:
    """When the time to solve began in this round."""
    return solving_since(KIND, order.id, order.round) or order.submitted_at


def plan_order(actor: Actor, order_id: int, *, due_at: datetime, note: str) -> Order:
    """立项计划: what cannot be solved within a month has a dated plan, and a report every month.

    The date is the new promise; of what is overdue it is only told, and the lateness stays.

    Raises Invalid `order.plan_within_month`, `order.beyond_imposed`, `order.plan_too_short`.
    """
    order = take(actor, order_id, Action.PLAN)
    if due_at <= max(now(), _began(order) + MONTH):
        raise Invalid("order.plan_within_month", "一个月内能办结的，请申请延期，不用报立项计划。")
    if order.imposed_due_at is not None and due_at > order.imposed_due_at:
        raise Invalid("order.beyond_imposed", "上级交办的期限不能延后。")
    if len(note) < PROGRESS_MIN_LENGTH:
        raise Invalid("order.plan_too_short", "请写明打算怎么办、分几步，不少于十个字。")
    # Who is late already stays late: the plan is reported on, but makes no earlier date good.
    late = order.due_at is not None and order.due_at <= now()
    order.planned_until = due_at
    details = {"planned_until" if late else "due_at": due_at.isoformat()}
    write(actor, order, Action.PLAN, before=order.status, note=note, details=details)
    if late:
        tell(order, "extended", requesters(order), time=spoken_day(due_at))
    upper = ancestors(get_unit(order.handling_unit_id))
    if upper:
        tell(order, "planned", cleared_holders(order, "orders.supervise", upper[0].id))
    return order


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
