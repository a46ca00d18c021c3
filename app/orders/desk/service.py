"""社区派单: the dispatcher acknowledges, settles, dispatches, recalls, rejects and checks orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from app.categories.queries import category_or_none
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.errors import Conflict, Forbidden, Invalid, instead_of_not_found
from app.orders.giving.helping import check_helpers, tell_companions
from app.orders.giving.service import check_person, lock_handler, may_work, tell_given, to_person
from app.orders.linking.merging import outcome_hearers, release_root
from app.orders.linking.splitting import cancel_children, check_parts, gather_parent, tell_completed
from app.orders.record.core import attach_pictures, need_reason, take, write
from app.orders.record.telling import requesters, tell
from app.orders.record.timing import check_due
from app.orders.ticket.models import Giving, Order
from app.orders.ticket.states import RETURNS_ADMITTED, Action, DispatchMode, HandlerKind
from app.organisation.models import Provider
from app.organisation.queries import get_provider, get_unit
from app.people.queries import get_person
from app.people.states import PersonKind


def acknowledge_order(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """签收: a person on duty has seen the order; no more people are paged.

    Raises Conflict `order.already_acknowledged` and what `take` raises.
    """
    order = take(actor, order_id, Action.ACKNOWLEDGE)
    if order.acknowledged_at is not None:
        raise Conflict("order.already_acknowledged", "这张工单已经签收过了。")
    order.acknowledge(now())
    write(actor, order, note=note)
    if order.urgency is Urgency.EMERGENCY:
        tell(order, "acknowledged", requesters(order))
    return order


def settle_order(actor: Actor, order_id: int, *, note: str, photo_ids: Sequence[int] = ()) -> Order:
    """当场办结: staff or a grid worker answer on the spot; the order is completed with the note.

    Raises Conflict `order.parts_open`, `order.decide_first` and what `take` raises.
    """
    order = take(actor, order_id, Action.SETTLE)
    check_parts(order)
    _check_decided(order)
    is_grid = get_person(actor.own_id).kind is PersonKind.GRID_WORKER
    kind = HandlerKind.GRID if is_grid else HandlerKind.STAFF
    attach_pictures(actor, order, photo_ids)
    order.settle(now(), kind=kind, person_id=actor.person_id)
    write(actor, order, note=note, photo_ids=photo_ids)
    tell(order, "settled", requesters(order))
    tell(order, "outcome", outcome_hearers(order))
    return order


class Wish(TypedDict, total=False):
    """Whom the desk wants an order to go to, and on which terms; `helper_ids` go along (同行)."""

    assignee_id: int | None
    provider_id: int | None
    due_at: datetime | None
    task: str | None
    people_needed: int | None
    helper_ids: Sequence[int]


def dispatch_order(
    actor: Actor,
    order_id: int,
    *,
    mode: DispatchMode,
    note: str | None = None,
    **wish: Unpack[Wish],
) -> Order:
    """派单: puts the order into the pool, offers it to a person, or assigns it.

    With `mode` direct a member or volunteer gets an offer; a grid worker, staff or the provider must
    act (定人员、定时间、定任务). `helper_ids` go along (同行). Raises Conflict `order.decide_first`,
    `order.leader_assigns`, and what `take` and `_giving` raise.
    """
    lock_handler(wish.get("assignee_id"))
    order = take(actor, order_id, Action.DISPATCH)
    _check_decided(order)
    leads = actor.may("orders.lead", order.handling_path)
    if order.returns >= RETURNS_ADMITTED and mode is DispatchMode.POOL and not leads:
        raise Conflict("order.leader_assigns", "这张工单已两次退回，请由领导指派到人。")
    to = _giving(order, mode, wish)
    order.give_out(Action.DISPATCH, now(), to)
    write(actor, order, note=note)
    tell_given(order)
    tell_companions(order)
    return order


def reassign_order(
    actor: Actor,
    order_id: int,
    *,
    reason: str,
    mode: DispatchMode = DispatchMode.DIRECT,
    note: str | None = None,
    **wish: Unpack[Wish],
) -> Order:
    """改派: gives the order to another handler or back to the pool; a pause ends.

    The old and the new handler and the requester are told. Raises Conflict `order.same_handler`,
    Invalid `order.reason_required`, and what `take` and `_giving` raise.
    """
    lock_handler(wish.get("assignee_id"))
    order = take(actor, order_id, Action.REASSIGN)
    earlier = order.holder_id or order.offered_to_id
    if earlier is not None and earlier == wish.get("assignee_id"):
        raise Conflict("order.same_handler", "这张工单已经在他手里了。")
    to = _giving(order, mode, wish)
    order.give_out(Action.REASSIGN, now(), to)
    if note:
        order.note(note=note)
    write(actor, order, note=need_reason(reason))
    tell_given(order)
    tell_companions(order)
    tell(order, "reassigned_away", [earlier])
    tell(order, "reassigned", requesters(order))
    return order


def recall_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """收回: takes the order back to the desk; the person who had it or its offer is told.

    Raises Invalid `order.reason_required` and what `take` raises.
    """
    order = take(actor, order_id, Action.RECALL)
    earlier = order.holder_id or order.offered_to_id
    order.recall(now())
    write(actor, order, note=need_reason(reason))
    tell(order, "recalled", [earlier])
    return order


def reject_order(actor: Actor, order_id: int, *, reason: str, note: str) -> Order:
    """不予受理: rejects the order; `note` says where the resident should ask instead.

    After an appeal only the unit above may reject it again, and this is final. Raises Forbidden
    `order.appeal_above`; Invalid `order.whom_to_ask_required`, `order.reason_required`; and what
    `take` raises.
    """
    order = take(actor, order_id, Action.REJECT)
    if order.appealed and not actor.may("orders.appeal", order.handling_path):
        raise Forbidden("order.appeal_above", "居民已经申诉，由上级单位复核。")
    if not note:
        raise Invalid(
            "order.whom_to_ask_required", "请写明居民应该找哪里。", errors={"note": ["请填写。"]}
        )
    at = now()
    order.reject(at)
    write(actor, order, note=f"{need_reason(reason)}\n请找：{note}")
    tell(order, "rejected", requesters(order))
    release_root(order, at)
    cancel_children(actor, order, at)
    gather_parent(order)
    return order


def check_order(actor: Actor, order_id: int, *, passed: bool, note: str | None = None) -> Order:
    """核查: after a passed check the resident is asked, after a failed one the handler goes on.

    Where the handler may not act any more the order goes back to the desk. Raises Conflict
    `order.already_checked`, `order.nobody_holds`; Invalid `order.reason_required` for a failed check
    without a note; and what `take` raises.
    """
    order = take(actor, order_id, Action.CHECK)
    if order.checked_at is not None:
        raise Conflict("order.already_checked", "这张工单已经核查过了。")
    if not passed and order.holder_id is None and order.provider_id is None:
        raise Conflict("order.nobody_holds", "这张工单没有办理人，请让居民评价后重办。")
    at = now()
    if not passed:
        need_reason(note)
    order.check(at, passed=passed, to_desk=not passed and not _may_go_on(order, at))
    write(actor, order, note=note, visible=passed)
    if passed:
        tell_completed(order, category_or_none(order.category_id))
    else:
        tell(order, "check_failed", [order.holder_id or actor.person_id])
    return order


def _may_go_on(order: Order, at: datetime) -> bool:
    """Whether the handler who completed the order may still act on it."""
    person_id = order.holder_id
    if person_id is None:
        return True
    is_provider = order.holder_kind is HandlerKind.PROVIDER
    return get_person(person_id).is_active and (is_provider or may_work(person_id, order, at))


def _check_decided(order: Order) -> None:
    """Raises Conflict `order.decide_first` while the order waits for 研判."""
    if order.to_decide:
        raise Conflict("order.decide_first", "居民两次反映没有解决，请领导先研判。")


def _giving(order: Order, mode: DispatchMode, wish: Wish) -> Giving:
    """The handler and the terms that the dispatcher has chosen, after all checks.

    Raises Invalid `order.pool_has_no_assignee`, `order.assignee_required`, `provider.unknown`,
    `helper.unknown`, `order.due_in_the_past`, `order.beyond_deadline`; Conflict
    `order.sensitive_to_person`; and what `check_person` raises.
    """
    due_at, helper_ids = wish.get("due_at"), wish.get("helper_ids", ())
    assignee_id, provider_id = wish.get("assignee_id"), wish.get("provider_id")
    terms: dict[str, Any] = {
        "due_at": due_at,
        "task": wish.get("task"),
        "people_needed": wish.get("people_needed"),
        "helper_ids": helper_ids,
    }
    if due_at is not None:
        check_due(order, due_at)
    if mode is DispatchMode.POOL:
        if assignee_id is not None or provider_id is not None or helper_ids:
            raise Invalid("order.pool_has_no_assignee", "派到接单大厅时不用选人。")
        if order.sensitive:
            raise Conflict("order.sensitive_to_person", "保密的事不进接单大厅，请指派到人。")
        return Giving(mode, **terms)
    if (assignee_id is None) == (provider_id is None):
        raise Invalid("order.assignee_required", "请选一位办理人或一家承办单位。")
    if assignee_id is not None:
        person = check_person(order, assignee_id, now())
        check_helpers(order, helper_ids, assignee_id)
        return to_person(mode, person, **terms)
    provider = _provider(order, provider_id or 0)
    check_helpers(order, helper_ids, provider.person_id)
    return Giving(
        mode,
        provider_id=provider.id,
        kind=HandlerKind.PROVIDER,
        holder_id=provider.person_id,
        **terms,
    )


def _provider(order: Order, provider_id: int) -> Provider:
    unknown = Invalid("provider.unknown", "没有找到这家承办单位。")
    with instead_of_not_found(unknown):
        provider = get_provider(provider_id)
    above = get_unit(provider.unit_id)
    if provider.closed_at is not None or not order.handling_path.startswith(above.path):
        raise unknown
    return provider
