"""What each act of the past did to its order; rows that stand beside it are given back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.kernel.clock import local_date
from app.kernel.database import Model
from app.orders.asking.service import lapses_at
from app.orders.ticket.models import (
    NoShow,
    Order,
    OrderCall,
    OrderFollower,
    OrderRating,
    OrderRequest,
)
from app.orders.ticket.states import (
    Action,
    CloseKind,
    DispatchMode,
    HandlerKind,
    OrderStatus,
    RequestKind,
    RequestState,
)

A, S = Action, OrderStatus
Rows = Sequence[Model]
_ASKED_FOR = ("until", "due_at", "long_term")


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One act; `facts` is what it said beside its words.

    Without an `actor_id` it was `by`: the program, or another system whose people nobody here knows.
    """

    action: Action
    at: datetime
    actor_id: int | None
    to: OrderStatus
    by: str = "system"
    note: str = ""
    visible: bool = True
    on_word_of: int | None = None
    photo_ids: Sequence[int] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def plain(value: Any) -> Any:  # whatever a fact may be
    """The fact as JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else value


def take_effect(order: Order, event: PastEvent) -> Rows:
    """Does to the order what the act did; answers the rows that the act has left beside it."""
    effect = _EFFECTS.get(event.action)
    return (effect(order, event) if effect else None) or ()


def _acknowledge(order: Order, event: PastEvent) -> None:
    order.acknowledged_at = event.at


def _give(order: Order, event: PastEvent) -> None:
    """Into the pool, offered, or straight into somebody's hands."""
    facts = event.facts
    order.task = facts.get("task") or order.task
    order.people_needed = facts.get("people_needed") or order.people_needed
    mode = DispatchMode(facts["mode"])
    if mode is DispatchMode.ASSIGNED:
        _hold(order, event)
        order.mode, order.dispatched_at = mode, event.at
    else:
        order.give_out(event.action, event.at, mode=mode, offered_to_id=facts.get("assignee_id"))


def _hold(order: Order, event: PastEvent) -> None:
    order.hold(
        event.action,
        event.at,
        kind=HandlerKind(event.facts["kind"]),
        holder_id=event.facts.get("assignee_id"),
        provider_id=event.facts.get("provider_id"),
    )


def _back(order: Order, event: PastEvent) -> None:
    """To the desk; whoever declined or did not answer counts."""
    order.come_back(event.action, event.at)
    order.returns += event.action in (A.DECLINE, A.LAPSE)


def _return(order: Order, event: PastEvent) -> None:
    order.give_out(A.RETURN, event.at, mode=DispatchMode.POOL)
    order.returns += 1


def _appoint(order: Order, event: PastEvent) -> None:
    order.appointed_at, order.last_sign_at = event.facts["at"], event.at


def _work(order: Order, event: PastEvent) -> None:
    order.move(event.action, S.IN_PROGRESS, event.at)
    order.last_sign_at = event.at
    if event.facts.get("visit_proven"):
        order.visited_at = event.at


def _suspend(order: Order, event: PastEvent) -> Rows | None:
    if event.facts.get("asked"):
        return _ask(order, event)
    before = order.status
    order.move(A.SUSPEND, S.SUSPENDED, event.at)
    order.suspended_at, order.suspended_until = event.at, event.facts["until"]
    order.suspended_from = before
    order.suspensions += 1
    order.long_term = bool(event.facts.get("long_term"))
    return None


def _resume(order: Order, event: PastEvent) -> None:
    paused = event.at - (order.suspended_at or event.at)
    order.move(A.RESUME, event.to, event.at)
    order.suspended_at = order.suspended_until = order.suspended_from = None
    order.suspended_seconds += int(paused.total_seconds())
    order.last_sign_at = event.at


def _extend(order: Order, event: PastEvent) -> Rows | None:
    if event.facts.get("asked"):
        return _ask(order, event)
    order.extensions += 1
    return None


def _ask(order: Order, event: PastEvent) -> Rows:
    """An agreement that was asked for: it waits, or an AGREE follows."""
    facts = event.facts
    asked = OrderRequest(
        order_id=order.id,
        kind=RequestKind(facts["asked"]),
        asked_by_id=event.actor_id,
        unit_id=facts["unit_id"],
        unit_path=facts["unit_path"],
        asked_at=event.at,
        until=lapses_at(RequestKind(facts["asked"]), facts["unit_id"], event.at),
        state=RequestState(facts["state"]),
        details={name: plain(facts[name]) for name in _ASKED_FOR if name in facts},
        reason=event.note,
        decided_by_id=facts.get("decided_by_id"),
        decided_at=facts.get("decided_at"),
    )
    return (asked,)


def _cancel(order: Order, event: PastEvent) -> Rows | None:
    if event.facts.get("asked") and event.action is A.CANCEL:
        return _ask(order, event)
    order.move(event.action, S.CANCELLED, event.at)
    order.closed_at = event.at
    return None


def _complete(order: Order, event: PastEvent) -> None:
    if event.action is A.SETTLE:
        order.holder_id, order.holder_kind = event.actor_id, HandlerKind.STAFF
    order.complete(event.action, event.at)


def _check(order: Order, event: PastEvent) -> None:
    if event.facts["passed"]:
        order.checked_at = event.at
        return
    order.move(A.CHECK, S.IN_PROGRESS, event.at)
    order.completed_at, order.last_sign_at = None, event.at


def _rate(order: Order, event: PastEvent) -> Rows:
    facts = event.facts
    rating = _rating(order, event, by_follow_up=False)
    if not facts["solved"]:
        order.new_round(A.RATE, event.at)
        return (rating,)
    order.close(A.RATE, event.at, CloseKind.SOLVED)
    order.follow_up_due = facts["satisfied"] is False
    return (rating,)


def _rating(order: Order, event: PastEvent, *, by_follow_up: bool) -> OrderRating:
    return OrderRating(
        order_id=order.id,
        round=order.round,
        person_id=event.actor_id,
        solved=event.facts["solved"],
        satisfied=event.facts["satisfied"],
        stars=event.facts.get("stars"),
        comment=event.note or None,
        by_follow_up=by_follow_up,
        at=event.at,
    )


def _call(order: Order, event: PastEvent) -> Rows:
    facts = event.facts
    call = OrderCall(
        order_id=order.id,
        round=order.round,
        caller_id=event.actor_id,
        outcome=facts["outcome"],
        at=event.at,
        day=local_date(event.at),
    )
    if "solved" not in facts:
        return (call,)
    rating = _rating(order, event, by_follow_up=True)
    order.follow_up_due = False
    if order.status is not S.CLOSED:
        order.close(A.FOLLOW_UP, event.at, CloseKind.BY_FOLLOW_UP)
    return call, rating


def _unanswered(order: Order, event: PastEvent) -> None:
    order.close(A.CLOSE_UNANSWERED, event.at, CloseKind.UNANSWERED)


def _reopen(order: Order, event: PastEvent) -> None:
    order.new_round(A.REOPEN, event.at)


def _reject(order: Order, event: PastEvent) -> None:
    order.move(A.REJECT, S.REJECTED, event.at)
    order.closed_at = event.at


def _merge(order: Order, event: PastEvent) -> None:
    order.move(A.MERGE, S.MERGED, event.at)
    order.mode, order.merged_into_id = None, event.facts["into_id"]


def _join(order: Order, event: PastEvent) -> Rows:
    order.joined += 1
    return (OrderFollower(order_id=order.id, person_id=event.actor_id, since=event.at),)


def _urge(order: Order, event: PastEvent) -> None:
    order.urged_at = event.at


def _question(order: Order, event: PastEvent) -> None:
    order.asked_at = event.at if event.action is A.ASK else None


def _not_come(order: Order, event: PastEvent) -> Rows:
    return (NoShow(order_id=order.id, person_id=order.holder_id, reported_at=event.at),)


def _supervise(order: Order, event: PastEvent) -> None:
    order.attention_unit_id = event.facts["unit_id"]


_EFFECTS: dict[Action, Callable[[Order, PastEvent], Rows | None]] = {
    A.ACKNOWLEDGE: _acknowledge,
    A.DISPATCH: _give,
    A.REASSIGN: _give,
    A.CLAIM: _hold,
    A.DECLINE: _back,
    A.LAPSE: _back,
    A.RECALL: _back,
    A.RETURN: _return,
    A.APPOINT: _appoint,
    A.START: _work,
    A.PROGRESS: _work,
    A.SUSPEND: _suspend,
    A.RESUME: _resume,
    A.EXTEND: _extend,
    A.REPORT_UP: _ask,
    A.CANCEL: _cancel,
    A.AGREE: _cancel,
    A.COMPLETE: _complete,
    A.SETTLE: _complete,
    A.CHECK: _check,
    A.RATE: _rate,
    A.FOLLOW_UP: _call,
    A.CLOSE_UNANSWERED: _unanswered,
    A.REOPEN: _reopen,
    A.REJECT: _reject,
    A.MERGE: _merge,
    A.JOIN: _join,
    A.URGE: _urge,
    A.ASK: _question,
    A.ANSWER: _question,
    A.NOT_COME: _not_come,
    A.SUPERVISE: _supervise,
}
