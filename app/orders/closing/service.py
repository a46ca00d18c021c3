"""居民评价 and all that follows: an order is closed, cancelled, or begins a new round."""

from app.categories.queries import category_or_none
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.orders.asking.service import ask_agreement
from app.orders.linking.merging import outcome_hearers, release_root, unmerge
from app.orders.linking.splitting import cancel_children, gather_parent
from app.orders.record.core import need_reason, take, write
from app.orders.record.hands import handlers_of
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order
from app.orders.ticket.models.around import OrderRequest
from app.orders.ticket.states import (
    HELD,
    REOPEN_WITHIN,
    Action,
    CallOutcome,
    OrderStatus,
    RequestKind,
)
from app.organisation.models import Unit
from app.organisation.queries import get_unit, open_unit, unit_above
from app.people.queries import holders_of


def rate_order(
    actor: Actor,
    order_id: int,
    *,
    solved: bool,
    satisfied: bool | None = None,
    stars: int | None = None,
    comment: str | None = None,
) -> Order:
    """评价: the requester says whether the order is solved, which closes it or begins a new round.

    `stars` is 1 to 5. A resident who is not satisfied is called back. Raises Conflict
    `order.check_first` and what `take` raises.
    """
    order = take(actor, order_id, Action.RATE)
    _check_ready(order)
    order.rate(
        now(),
        person_id=actor.person_id,
        solved=solved,
        satisfied=satisfied,
        stars=stars,
        comment=comment,
    )
    write(actor, order, note=comment)
    if not solved:
        _tell_unsolved(order, [*handlers_of(order.id), *desk(order)])
        return order
    gather_parent(order)
    tell(order, "closed", [person for person in requesters(order) if person != actor.person_id])
    tell(order, "rated", handlers_of(order.id))
    if satisfied is False:
        tell(order, "dissatisfied", desk(order))
    return order


def _check_ready(order: Order) -> None:
    category = category_or_none(order.category_id)
    if category is not None and category.check_before_answer and order.checked_at is None:
        raise Conflict("order.check_first", "社区还在核查，核查好了再请您评价。")


def _tell_unsolved(order: Order, people: list[int]) -> None:
    tell(order, "unsolved_again" if order.to_decide else "unsolved", people)
    _tell_round(order)


def _tell_round(order: Order) -> None:
    if order.to_decide:
        tell(order, "decide", holders_of("orders.lead", order.handling_unit_id))


def follow_up_order(
    actor: Actor,
    order_id: int,
    *,
    outcome: CallOutcome,
    solved: bool | None = None,
    satisfied: bool | None = None,
    note: str | None = None,
) -> Order:
    """回访: staff note a call to the requester; the answer of a resident who was reached is a rating.

    A person who handled the order may not call. Raises Forbidden `order.not_allowed`, Invalid
    `order.solved_required` and what `take` raises.
    """
    order = take(actor, order_id, Action.FOLLOW_UP)
    if actor.person_id in handlers_of(order.id):
        raise Forbidden("order.not_allowed", "回访要由办理人以外的人来做。")
    answered = outcome is CallOutcome.REACHED
    if answered and solved is None:
        raise Invalid(
            "order.solved_required", "接通了请记下问题解决了没有。", errors={"solved": ["请填写。"]}
        )
    order.follow_up(
        now(),
        caller_id=actor.person_id,
        outcome=outcome,
        solved=solved,
        satisfied=satisfied,
        note=note,
    )
    write(actor, order, note=note, on_word_of=order.requester_id if answered else None)
    if answered and solved:
        gather_parent(order)
    elif answered:
        _tell_unsolved(order, desk(order))
    return order


def reopen_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """重办: begins a new round, within 30 days of the close.

    A rejected order goes as an appeal (申诉) to the unit above; a merged order is taken off its root.
    Raises Conflict `order.too_late_to_reopen`, `order.rejection_final`,
    `order.too_late_to_unmerge`; Invalid `order.reason_required`; and what `take` raises.
    """
    order = take(actor, order_id, Action.REOPEN)
    at, before = now(), order.status
    reason = need_reason(reason)
    if before is OrderStatus.MERGED:
        return unmerge(actor, order, Action.REOPEN, reason=reason)
    if order.closed_at is not None and at - order.closed_at > REOPEN_WITHIN:
        raise Conflict("order.too_late_to_reopen", "办结已超过30天，请重新下单。")
    unit = _unit_again(order)
    order.reopen(at, unit_id=unit.id, unit_path=unit.path)
    write(actor, order, note=reason)
    moment = "appeal" if before is OrderStatus.REJECTED else "reopened"
    tell(order, moment, desk(order))
    _tell_round(order)
    return order


def _unit_again(order: Order) -> Unit:
    """The unit that acts in the new round.

    An appeal (申诉) goes to the unit above, once; its second rejection is final. A closed unit's
    successor acts for it. Raises Conflict `order.rejection_final`.
    """
    unit = get_unit(order.handling_unit_id)
    if order.status is OrderStatus.REJECTED:
        if order.appealed:
            raise Conflict("order.rejection_final", "上级单位已经复核过，这是最后的答复。")
        above = unit_above(unit)
        # A unit that has no unit above looks at the appeal itself.
        return unit if above is unit else open_unit(above)
    return open_unit(unit)


def decide_order(actor: Actor, order_id: int, *, again: bool, reason: str) -> Order:
    """研判: after the second "not solved" a leader decides on another round or on the close.

    With `again` false the unit above is asked to agree to the close (居民未认可). Raises Conflict
    `order.nothing_to_decide`; Invalid `order.reason_required`; and what `take` and `ask_agreement`
    raise.
    """
    order = take(actor, order_id, Action.DECIDE)
    if not order.to_decide:
        raise Conflict("order.nothing_to_decide", "这张工单不需要研判。")
    if not again:
        return ask_agreement(actor, order, RequestKind.CLOSE, reason=reason, above=True)
    order.decide_again(now())
    write(actor, order, note=need_reason(reason), visible=False)
    return order


def close_unrecognised(actor: Actor, order: Order, request: OrderRequest, note: str | None) -> None:
    """居民未认可: closes a locked order after the unit above has agreed to the request."""
    at = now()
    order.close_unrecognised(at)
    order.note(**request.named)
    write(actor, order, note=note)
    tell(order, "closed_unrecognised", requesters(order))
    release_root(order, at)
    gather_parent(order)


def cancel_order(actor: Actor, order_id: int, *, reason: str | None = None) -> Order:
    """撤单: cancels the order at once; once it is claimed, a dispatcher must agree.

    Raises what `take` and `ask_agreement` raise.
    """
    order = take(actor, order_id, Action.CANCEL)
    if order.status in HELD:
        return ask_agreement(actor, order, RequestKind.CANCEL, reason=reason or "居民要求撤单")
    cancel_now(actor, order, None, reason)
    return order


def cancel_now(actor: Actor, order: Order, request: OrderRequest | None, note: str | None) -> None:
    """Cancels a locked order and its open parts, by CANCEL or by the agreement to the request."""
    at = now()
    people = [order.holder_id, order.offered_to_id, *requesters(order)]
    order.cancel(Action.AGREE if request else Action.CANCEL, at)
    if request is not None:
        order.note(**request.named)
    write(actor, order, note=note)
    tell(order, "cancelled", [person for person in people if person != actor.person_id])
    tell(order, "cancelled", outcome_hearers(order))
    release_root(order, at)
    cancel_children(actor, order, at)
    gather_parent(order)
