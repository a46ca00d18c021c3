"""居民评价: whether it is solved, and how an order comes to its end or back."""

from sqlalchemy import insert

from app.categories.queries import get_category
from app.kernel.actor import Actor
from app.kernel.clock import local_date, now
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.events import announce
from app.orders.asking.service import ask_agreement
from app.orders.linking.merging import outcome_hearers, release_root, unmerge
from app.orders.linking.splitting import cancel_children, gather_parent
from app.orders.ticket.core import let_go, need_reason, take, unassign, write
from app.orders.ticket.events import OrderRated, OrderSubmitted
from app.orders.ticket.hands import handlers_of
from app.orders.ticket.models import Order, OrderCall, OrderRating
from app.orders.ticket.states import (
    HELD,
    REOPEN_WITHIN,
    Action,
    CallOutcome,
    CloseKind,
    OrderStatus,
    RequestKind,
)
from app.orders.ticket.telling import desk, requesters, tell
from app.organisation.models import Unit
from app.organisation.queries import ancestors, get_unit, open_unit
from app.people.queries import holders_of

ROUNDS_BEFORE_DECIDING = 2


def rate_order(
    actor: Actor,
    order_id: int,
    *,
    solved: bool,
    satisfied: bool | None = None,
    stars: int | None = None,
    comment: str | None = None,
) -> Order:
    """评价: solved closes, unsolved begins a new round; solved but dissatisfied goes to follow-up."""
    order = take(actor, order_id, Action.RATE)
    _check_ready(order)
    before = order.status
    _note_rating(actor, order, solved, satisfied, stars, comment, by_follow_up=False)
    _settle(order, Action.RATE, solved=solved, kind=CloseKind.SOLVED)
    details = {"solved": solved, "satisfied": satisfied, "stars": stars}
    write(actor, order, Action.RATE, before=before, note=comment, details=details)
    _tell_answer(actor, order, solved=solved, satisfied=satisfied)
    announce(OrderRated(order.id, solved, stars))
    return order


def _check_ready(order: Order) -> None:
    category = None if order.category_id is None else get_category(order.category_id)
    if category is not None and category.check_before_answer and order.checked_at is None:
        raise Conflict("order.check_first", "社区还在核查，核查好了再请您评价。")


def _note_rating(
    actor: Actor,
    order: Order,
    solved: bool,
    satisfied: bool | None,
    stars: int | None,
    comment: str | None,
    *,
    by_follow_up: bool,
) -> None:
    session.execute(
        insert(OrderRating)
        .values(
            order_id=order.id,
            round=order.round,
            person_id=actor.person_id,
            solved=solved,
            satisfied=satisfied,
            stars=stars,
            comment=comment,
            by_follow_up=by_follow_up,
            at=now(),
        )
        .inline()
    )


def _settle(order: Order, action: Action, *, solved: bool, kind: CloseKind) -> None:
    """Closes, or begins the next round; after the second "not solved" the leader decides."""
    at = now()
    if solved:
        unassign(order, at)
        if order.status is not OrderStatus.CLOSED:
            order.close(action, at, kind)
        gather_parent(order)
        return
    let_go(order, at)
    order.new_round(action, at)
    if order.round > ROUNDS_BEFORE_DECIDING:
        order.to_decide = True


def _tell_answer(actor: Actor, order: Order, *, solved: bool, satisfied: bool | None) -> None:
    if solved:
        others = [person for person in requesters(order) if person != actor.person_id]
        tell(order, "closed", others)
        tell(order, "rated", handlers_of(order.id))
        if satisfied is False:
            order.follow_up_due = True
            tell(order, "dissatisfied", desk(order))
        return
    _tell_unsolved(order, [*handlers_of(order.id), *desk(order)])


def _tell_unsolved(order: Order, people: list[int]) -> None:
    tell(order, "unsolved_again" if order.to_decide else "unsolved", people)
    _tell_round(order)


def _tell_round(order: Order) -> None:
    if order.to_decide:
        tell(order, "decide", holders_of("orders.lead", order.handling_unit_id))
    announce(OrderSubmitted(order.id, order.round))


def follow_up_order(
    actor: Actor,
    order_id: int,
    *,
    outcome: CallOutcome,
    solved: bool | None = None,
    satisfied: bool | None = None,
    note: str | None = None,
) -> Order:
    """回访: a call by somebody else than the handler; what the resident says then counts."""
    order = take(actor, order_id, Action.FOLLOW_UP)
    if actor.person_id in handlers_of(order.id):
        raise Forbidden("order.not_allowed", "回访要由办理人以外的人来做。")
    at, before = now(), order.status
    session.execute(
        insert(OrderCall)
        .values(
            order_id=order.id,
            round=order.round,
            caller_id=actor.person_id,
            outcome=outcome,
            at=at,
            day=local_date(at),
        )
        .inline()
    )
    answered = outcome is CallOutcome.REACHED and solved is not None
    if outcome is CallOutcome.REACHED and solved is None:
        raise Invalid(
            "order.solved_required", "接通了请记下问题解决了没有。", errors={"solved": ["请填写。"]}
        )
    details = {"outcome": outcome.value, "solved": solved, "satisfied": satisfied}
    if answered:
        order.follow_up_due = False
        _note_rating(actor, order, bool(solved), satisfied, None, note, by_follow_up=True)
        _settle(order, Action.FOLLOW_UP, solved=bool(solved), kind=CloseKind.BY_FOLLOW_UP)
    write(
        actor,
        order,
        Action.FOLLOW_UP,
        before=before,
        note=note,
        details=details,
        on_word_of=order.requester_id if answered else None,
    )
    if answered and not solved:
        _tell_unsolved(order, desk(order))
    return order


def reopen_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """重办 within 30 days; a rejected one is an appeal to the unit above; a merged one comes apart."""
    order = take(actor, order_id, Action.REOPEN)
    at, before = now(), order.status
    reason = need_reason(reason)
    if before is OrderStatus.MERGED:
        return unmerge(actor, order, Action.REOPEN, reason=reason)
    if order.closed_at is not None and at - order.closed_at > REOPEN_WITHIN:
        raise Conflict("order.too_late_to_reopen", "办结已超过30天，请重新下单。")
    if before is OrderStatus.REJECTED:
        _appeal(order)
    else:
        _put_at(order, get_unit(order.handling_unit_id))
    order.new_round(Action.REOPEN, at)
    if before is not OrderStatus.REJECTED and order.round > ROUNDS_BEFORE_DECIDING:
        order.to_decide = True
    write(actor, order, Action.REOPEN, before=before, note=reason)
    moment = "appeal" if before is OrderStatus.REJECTED else "reopened"
    tell(order, moment, desk(order))
    _tell_round(order)
    return order


def _appeal(order: Order) -> None:
    """申诉: looked at by the unit above, once; its second rejection is final."""
    if order.appealed:
        raise Conflict("order.rejection_final", "上级单位已经复核过，这是最后的答复。")
    order.appealed = True
    above = ancestors(get_unit(order.handling_unit_id))
    if above:
        _put_at(order, above[0])


def _put_at(order: Order, unit: Unit) -> None:
    """At the unit, or at whoever has taken over a closed one."""
    acting = open_unit(unit)
    if acting.id != order.handling_unit_id:
        order.attention_unit_id = acting.id
    order.handling_unit_id, order.handling_path = acting.id, acting.path


def decide_order(actor: Actor, order_id: int, *, again: bool, reason: str) -> Order:
    """研判 after the second "not solved": again, or closed as 居民未认可, countersigned one level up."""
    order = take(actor, order_id, Action.DECIDE)
    if not order.to_decide:
        raise Conflict("order.nothing_to_decide", "这张工单不需要研判。")
    if not again:
        return ask_agreement(actor, order, RequestKind.CLOSE, reason=reason, above=True)
    order.to_decide = False
    write(
        actor,
        order,
        Action.DECIDE,
        before=order.status,
        note=need_reason(reason),
        details={"again": True},
        visible=False,
    )
    return order


def close_unrecognised(actor: Actor, order: Order, *, note: str | None) -> None:
    """The countersigned close of a matter that the resident does not recognise as solved."""
    at, before = now(), order.status
    let_go(order, at)
    order.to_decide = False
    order.close(Action.AGREE, at, CloseKind.NOT_RECOGNISED)
    write(actor, order, Action.AGREE, before=before, note=note, details={"closed": True})
    tell(order, "closed_unrecognised", requesters(order))
    release_root(order, at)
    gather_parent(order)


def cancel_order(actor: Actor, order_id: int, *, reason: str | None = None) -> Order:
    """撤单: at once until it is claimed, later the dispatcher agrees."""
    order = take(actor, order_id, Action.CANCEL)
    if order.status in HELD:
        return ask_agreement(actor, order, RequestKind.CANCEL, reason=reason or "居民要求撤单")
    cancel_now(actor, order, Action.CANCEL, note=reason)
    return order


def cancel_now(actor: Actor, order: Order, action: Action, *, note: str | None) -> None:
    """Withdrawn, with the parts it was split into."""
    at, before = now(), order.status
    people = [order.holder_id, order.offered_to_id, *requesters(order)]
    let_go(order, at)
    order.move(action, OrderStatus.CANCELLED, at)
    order.closed_at = at
    write(actor, order, action, before=before, note=note)
    tell(order, "cancelled", [person for person in people if person != actor.person_id])
    tell(order, "cancelled", outcome_hearers(order))
    release_root(order, at)
    cancel_children(actor, order, at)
    gather_parent(order)
