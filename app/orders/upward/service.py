"""延期, 立项计划, 上报, 转办, 跨社区支援 and 督办."""

from datetime import datetime

from app.deadlines.computing.states import MONTH
from app.deadlines.standing.queries import solving_since
from app.kernel.actor import Actor
from app.kernel.clock import now, spoken_day
from app.kernel.errors import Conflict, Invalid, instead_of_not_found
from app.orders.access.policy import may_manage, supervising
from app.orders.asking.service import ask_agreement
from app.orders.record.core import need_reason, take, write
from app.orders.record.telling import cleared_holders, desk, requesters, tell
from app.orders.record.timing import KIND
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import PROGRESS_MIN_LENGTH, Action, RequestKind
from app.organisation.queries import ancestors, get_unit, is_open


def extend_order(
    actor: Actor, order_id: int, *, due_at: datetime, reason: str | None = None
) -> Order:
    """延期: sets a later date, or asks for it.

    A dispatcher may set it once, by no more than the time of the round; otherwise he or she asks the
    unit above. A handler asks the order's unit. Raises Invalid `order.not_later`,
    `order.beyond_imposed`, `order.beyond_month`, `order.reason_required`; Conflict
    `order.already_due`; and what `take` and `ask_agreement` raise.
    """
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
    # The length of this round alone: earlier rounds give no right to a longer extension.
    within = order.due_at is None or due_at - order.due_at <= order.due_at - _began(order)
    if not by_desk or order.extensions > 0 or not within:
        return ask_agreement(
            actor, order, RequestKind.EXTEND, reason=reason, details=details, above=by_desk
        )
    extend_now(actor, order, None, due_at=due_at, note=need_reason(reason))
    return order


def extend_now(
    actor: Actor, order: Order, request: OrderRequest | None, *, due_at: datetime, note: str | None
) -> None:
    """Gives a locked order the later date, by EXTEND or by the agreement to the request."""
    order.extend(Action.AGREE if request else Action.EXTEND, now(), due_at=due_at)
    if request is not None:
        order.note(**request.named)
    write(actor, order, note=note)


def _check_month(order: Order, due_at: datetime) -> None:
    """Refuses a date later than a month after the solving began; such an order needs a plan."""
    since = solving_since(KIND, order.id, order.round)
    if since is not None and due_at > since + MONTH:
        latest = spoken_day(since + MONTH)
        told = f"延期最晚到{latest}（一个月），需要更久请报立项计划。"
        raise Invalid("order.beyond_month", told)


def _began(order: Order) -> datetime:
    """The time at which the solving began in this round."""
    return solving_since(KIND, order.id, order.round) or order.submitted_at


def plan_order(actor: Actor, order_id: int, *, due_at: datetime, note: str) -> Order:
    """立项计划: a dated plan for an order that needs more than a month, with a report every month.

    The date becomes the promised one; for an overdue order it is only told, and the order stays late.
    Raises Invalid `order.plan_within_month`, `order.beyond_imposed`, `order.plan_too_short` and what
    `take` raises.
    """
    order = take(actor, order_id, Action.PLAN)
    if due_at <= max(now(), _began(order) + MONTH):
        raise Invalid("order.plan_within_month", "一个月内能办结的，请申请延期，不用报立项计划。")
    if order.imposed_due_at is not None and due_at > order.imposed_due_at:
        raise Invalid("order.beyond_imposed", "上级交办的期限不能延后。")
    if len(note) < PROGRESS_MIN_LENGTH:
        raise Invalid("order.plan_too_short", "请写明打算怎么办、分几步，不少于十个字。")
    at = now()
    late = order.due_at is not None and order.due_at <= at
    order.plan(at, due_at=due_at, is_late=late)
    write(actor, order, note=note)
    if late:
        tell(order, "extended", requesters(order), time=spoken_day(due_at))
    upper = ancestors(get_unit(order.handling_unit_id))
    if upper:
        tell(order, "planned", cleared_holders(order, "orders.supervise", upper[0].id))
    return order


def report_up_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """上报: asks the unit above to take the order over.

    Raises Conflict `order.no_unit_above`, and what `take` and `ask_agreement` raise.
    """
    order = take(actor, order_id, Action.REPORT_UP)
    if not ancestors(get_unit(order.handling_unit_id)):
        raise Conflict("order.no_unit_above", "上面没有单位可以上报了。")
    return ask_agreement(actor, order, RequestKind.REPORT_UP, reason=reason, above=True)


def transfer_order(actor: Actor, order_id: int, *, unit_id: int, reason: str) -> Order:
    """转办: asks another open unit to take the order over.

    Raises Invalid `unit.unknown`, and what `take` and `ask_agreement` raise.
    """
    order = take(actor, order_id, Action.TRANSFER)
    with instead_of_not_found(Invalid("unit.unknown", "没有找到这个单位，请重新选择。")):
        unit = get_unit(unit_id)
    if not is_open(unit) or unit.id == order.handling_unit_id:
        raise Invalid("unit.unknown", "请选择另一个单位。")
    details = {"unit_id": unit.id}
    return ask_agreement(
        actor, order, RequestKind.TRANSFER, reason=reason, details=details, unit=unit
    )


def support_order(actor: Actor, order_id: int, *, note: str) -> Order:
    """跨社区支援: a member of another unit asks the order's unit for the order.

    Raises what `take` and `ask_agreement` raise.
    """
    order = take(actor, order_id, Action.SUPPORT)
    return ask_agreement(
        actor, order, RequestKind.SUPPORT, reason=note, details={"person_id": actor.own_id}
    )


def supervise_order(actor: Actor, order_id: int, *, note: str) -> Order:
    """督办: an upper unit watches the order, which stays with its unit.

    It is the nearest unit above at which the actor may supervise. Raises Invalid
    `order.reason_required` and what `take` raises.
    """
    order = take(actor, order_id, Action.SUPERVISE)
    nearest = max(supervising(actor, order), key=lambda grant: len(grant.unit_path))
    order.supervise(now(), unit_id=nearest.unit_id)
    write(actor, order, note=need_reason(note))
    tell(order, "supervised", [*desk(order), order.holder_id])
    return order
