"""社区派单: what the dispatcher does with an order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.events import announce
from app.orders.giving.helping import PART, bring_along, check_helpers, tell_companions
from app.orders.giving.service import category_name, give_to_person, holds, lock_handler
from app.orders.linking.merging import outcome_hearers, release_root
from app.orders.linking.splitting import cancel_children, check_parts, gather_parent
from app.orders.ticket.core import assign, attach_pictures, let_go, need_reason, take, write
from app.orders.ticket.events import OrderCompleted
from app.orders.ticket.models import Order
from app.orders.ticket.states import (
    RETURNS_ADMITTED,
    Action,
    ContentState,
    DispatchMode,
    HandlerKind,
    OrderStatus,
)
from app.orders.ticket.telling import requesters, tell
from app.orders.ticket.timing import check_due
from app.organisation.queries import get_provider, get_unit
from app.people.queries import get_person
from app.people.states import PersonKind


def acknowledge_order(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """签收: somebody on duty has it; stops the paging. A second one is a Conflict."""
    order = take(actor, order_id, Action.ACKNOWLEDGE)
    if order.acknowledged_at is not None:
        raise Conflict("order.already_acknowledged", "这张工单已经签收过了。")
    order.acknowledged_at = now()
    write(actor, order, Action.ACKNOWLEDGE, before=order.status, note=note)
    if order.urgency is Urgency.EMERGENCY:
        tell(order, "acknowledged", requesters(order))
    return order


def settle_order(actor: Actor, order_id: int, *, note: str, photo_ids: Sequence[int] = ()) -> Order:
    """当场办结: the answer was given on the spot."""
    order = take(actor, order_id, Action.SETTLE)
    check_parts(order)
    _check_decided(order)
    at, before = now(), order.status
    kind = HandlerKind.GRID if _kind_of(actor) is PersonKind.GRID_WORKER else HandlerKind.STAFF
    attach_pictures(actor, order, photo_ids)
    let_go(order, at)
    order.holder_id, order.holder_kind = actor.person_id, kind
    order.complete(Action.SETTLE, at)
    assign(order, at, kind=kind, person_id=actor.person_id)
    write(actor, order, Action.SETTLE, before=before, note=note, photo_ids=photo_ids)
    tell(order, "settled", requesters(order))
    tell(order, "outcome", outcome_hearers(order))
    announce(OrderCompleted(order.id))
    return order


def dispatch_order(
    actor: Actor,
    order_id: int,
    *,
    mode: DispatchMode,
    assignee_id: int | None = None,
    provider_id: int | None = None,
    due_at: datetime | None = None,
    task: str | None = None,
    people_needed: int | None = None,
    helper_ids: Sequence[int] = (),
    note: str | None = None,
) -> Order:
    """派单: into the pool, offered to one who claims, or assigned to grid worker, staff or provider.

    `mode` direct with a member or volunteer is an offer; with a grid worker, staff or `provider_id` it
    is an order to act (定人员、定时间、定任务). `helper_ids` go along (同行).
    """
    lock_handler(assignee_id)
    order = take(actor, order_id, Action.DISPATCH)
    _check_decided(order)
    if order.returns >= RETURNS_ADMITTED and mode is DispatchMode.POOL and not _leads(actor, order):
        raise Conflict("order.leader_assigns", "这张工单已两次退回，请由领导指派到人。")
    before = order.status
    _give(actor, order, Action.DISPATCH, mode, assignee_id, provider_id)
    _set_terms(order, due_at, task, people_needed)
    _send_along(order, mode, helper_ids)
    write(
        actor,
        order,
        Action.DISPATCH,
        before=before,
        note=note,
        details=_terms(order, mode, assignee_id, provider_id, due_at),
    )
    return order


def reassign_order(
    actor: Actor,
    order_id: int,
    *,
    reason: str,
    mode: DispatchMode = DispatchMode.DIRECT,
    assignee_id: int | None = None,
    provider_id: int | None = None,
    due_at: datetime | None = None,
    task: str | None = None,
    helper_ids: Sequence[int] = (),
    note: str | None = None,
) -> Order:
    """改派: to another person or back to the pool; both are told, a pause ends."""
    lock_handler(assignee_id)
    order = take(actor, order_id, Action.REASSIGN)
    before, at = order.status, now()
    earlier = order.holder_id or order.offered_to_id
    if earlier is not None and earlier == assignee_id:
        raise Conflict("order.same_handler", "这张工单已经在他手里了。")
    let_go(order, at)
    _give(actor, order, Action.REASSIGN, mode, assignee_id, provider_id)
    _set_terms(order, due_at, task, None)
    _send_along(order, mode, helper_ids)
    write(
        actor,
        order,
        Action.REASSIGN,
        before=before,
        note=need_reason(reason),
        details=_terms(order, mode, assignee_id, provider_id, due_at)
        | ({"note": note} if note else {}),
    )
    tell(order, "reassigned_away", [earlier])
    tell(order, "reassigned", requesters(order))
    return order


def recall_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """收回: back to the desk, whoever has it."""
    order = take(actor, order_id, Action.RECALL)
    before, at = order.status, now()
    earlier = order.holder_id or order.offered_to_id
    let_go(order, at)
    order.come_back(Action.RECALL, at)
    write(actor, order, Action.RECALL, before=before, note=need_reason(reason))
    tell(order, "recalled", [earlier])
    return order


def reject_order(actor: Actor, order_id: int, *, reason: str, note: str) -> Order:
    """不予受理: with the reason, and in `note` whom to ask instead; both are for the resident.

    A second rejection after an appeal belongs to the unit above and is final.
    """
    order = take(actor, order_id, Action.REJECT)
    if order.appealed and not actor.may("orders.appeal", order.handling_path):
        raise Forbidden("order.appeal_above", "居民已经申诉，由上级单位复核。")
    if not note:
        raise Invalid(
            "order.whom_to_ask_required", "请写明居民应该找哪里。", errors={"note": ["请填写。"]}
        )
    before, at = order.status, now()
    let_go(order, at)
    order.move(Action.REJECT, OrderStatus.REJECTED, at)
    order.closed_at = at
    write(actor, order, Action.REJECT, before=before, note=f"{need_reason(reason)}\n请找：{note}")
    tell(order, "rejected", requesters(order))
    release_root(order, at)
    cancel_children(actor, order, at)
    gather_parent(order)
    return order


def check_order(actor: Actor, order_id: int, *, passed: bool, note: str | None = None) -> Order:
    """核查: passed, the resident is asked; failed, it was never done and the handler goes on."""
    order = take(actor, order_id, Action.CHECK)
    before, at = order.status, now()
    if order.checked_at is not None:
        raise Conflict("order.already_checked", "这张工单已经核查过了。")
    if not passed and order.holder_id is None and order.provider_id is None:
        raise Conflict("order.nobody_holds", "这张工单没有办理人，请让居民评价后重办。")
    if passed:
        order.checked_at = at
    else:
        need_reason(note)
        _give_back(order, at)
        order.completed_at = None
    write(
        actor,
        order,
        Action.CHECK,
        before=before,
        note=note,
        details={"passed": passed},
        visible=passed,
    )
    if passed:
        tell(order, "completed", requesters(order))
        tell(order, "outcome", outcome_hearers(order))
    else:
        tell(order, "check_failed", [order.holder_id or actor.person_id])
    return order


def _give_back(order: Order, at: datetime) -> None:
    """To the hands that it was completed with, or to the desk where those can act no more."""
    if order.holder_id is not None and not _may_go_on(order, order.holder_id, at):
        order.come_back(Action.CHECK, at)
        return
    order.move(Action.CHECK, OrderStatus.IN_PROGRESS, at)
    order.last_sign_at = at
    if order.holder_kind is not None:
        assign(
            order,
            at,
            kind=order.holder_kind,
            person_id=order.holder_id,
            provider_id=order.provider_id,
        )
    for helper_id in order.helper_ids:
        assign(order, at, kind=HandlerKind.MEMBER, person_id=helper_id, part=PART)


def _may_go_on(order: Order, person_id: int, at: datetime) -> bool:
    if not get_person(person_id).is_active:
        return False
    if order.holder_kind is HandlerKind.PROVIDER:
        return True
    return any(holds(person_id, wanted, order, at) for wanted in ("orders.claim", "orders.handle"))


def _check_decided(order: Order) -> None:
    """研判 comes first after the second "not solved"."""
    if order.to_decide:
        raise Conflict("order.decide_first", "居民两次反映没有解决，请领导先研判。")


def _give(
    actor: Actor,
    order: Order,
    action: Action,
    mode: DispatchMode,
    assignee_id: int | None,
    provider_id: int | None,
) -> None:
    at = now()
    # Whoever gives it out has read it; what was held back stays so.
    if order.content_state is ContentState.PENDING:
        order.content_state = ContentState.PASSED
    if mode is DispatchMode.POOL:
        if assignee_id is not None or provider_id is not None:
            raise Invalid("order.pool_has_no_assignee", "派到接单大厅时不用选人。")
        if order.sensitive:
            raise Conflict("order.sensitive_to_person", "保密的事不进接单大厅，请指派到人。")
        order.give_out(action, at, mode=mode)
        tell(order, "pooled", requesters(order))
        return
    if (assignee_id is None) == (provider_id is None):
        raise Invalid("order.assignee_required", "请选一位办理人或一家承办单位。")
    if provider_id is not None:
        _assign_provider(order, action, provider_id, at)
    elif assignee_id is not None:
        give_to_person(order, action, assignee_id, at)


def _assign_provider(order: Order, action: Action, provider_id: int, at: datetime) -> None:
    try:
        provider = get_provider(provider_id)
    except NotFound as missing:
        raise Invalid("provider.unknown", "没有找到这家承办单位。") from missing
    above = get_unit(provider.unit_id)
    if provider.closed_at is not None or not order.handling_path.startswith(above.path):
        raise Invalid("provider.unknown", "没有找到这家承办单位。")
    kind = HandlerKind.PROVIDER
    order.hold(action, at, kind=kind, holder_id=provider.person_id, provider_id=provider.id)
    order.mode = DispatchMode.ASSIGNED
    order.dispatched_at = at
    assign(order, at, kind=kind, person_id=provider.person_id, provider_id=provider.id)
    tell(order, "assigned", [provider.person_id], category=category_name(order))
    tell(order, "claimed", requesters(order), handler=provider.name)


def _set_terms(
    order: Order, due_at: datetime | None, task: str | None, people_needed: int | None
) -> None:
    if due_at is not None:
        check_due(order, due_at)
    if task is not None:
        order.task = task
    if people_needed is not None:
        order.people_needed = people_needed


def _send_along(order: Order, mode: DispatchMode, helper_ids: Sequence[int]) -> None:
    if not helper_ids:
        return
    if mode is DispatchMode.POOL:
        raise Invalid("order.pool_has_no_assignee", "派到接单大厅时不用选人。")
    check_helpers(order, helper_ids)
    bring_along(order, helper_ids, now())
    order.people_needed = max(order.people_needed, 1 + len(helper_ids))
    tell_companions(order)


def _terms(
    order: Order,
    mode: DispatchMode,
    assignee_id: int | None,
    provider_id: int | None,
    due_at: datetime | None,
) -> dict[str, Any]:
    return {
        "mode": mode.value,
        "assignee_id": assignee_id,
        "provider_id": provider_id,
        "due_at": due_at.isoformat() if due_at else None,
        "people_needed": order.people_needed,
        "helper_ids": order.helper_ids,
        "content_state": order.content_state.value,
    }


def _leads(actor: Actor, order: Order) -> bool:
    return actor.may("orders.lead", order.handling_path)


def _kind_of(actor: Actor) -> PersonKind:
    return get_person(actor.own_id).kind
