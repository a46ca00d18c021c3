"""Conditions for the orders on which the timetable must act now, by the pace of their category.

`Order.reminded` is the second of the last reminder, counted from 1970, 0 for none. A reminder is
due when none was sent after the moment from which its time runs. So each act that sets this moment
anew (a claim, a sign of life, a dispatch) makes a reminder due again, and nothing has to be reset.

A sign of life is a report, an appointment or the start of the work. For an order from another
system no time runs before its import.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, extract, false, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.categories.models import Category
from app.categories.states import Paced, Urgency, accept_minutes, pool_minutes, stale_minutes
from app.kernel.database import session
from app.orders.ticket.models import Order, OrderCall, OrderEvent
from app.orders.ticket.states import (
    ANSWER_WITHIN,
    ASK_AGAIN_ON,
    BACKSTOP_AFTER,
    CALL_DAYS_BEFORE_CLOSING,
    CALLS_BEFORE_CLOSING,
    OPEN,
    SETTLED,
    Action,
    DispatchMode,
    OrderStatus,
)

Pace = Callable[[Paced | None, Urgency | None], int]
Moment = ColumnElement[datetime]
Condition = ColumnElement[bool]


def _known_since(moment: Any) -> Moment:
    """The moment, or the time of the import where that is later."""
    return case((Order.imported_at > moment, Order.imported_at), else_=moment)


_SINCE_SIGN: Moment = _known_since(
    case(
        # The handler need not report before the appointed time.
        (
            Order.appointed_at > func.coalesce(Order.last_sign_at, Order.claimed_at),
            Order.appointed_at,
        ),
        else_=func.coalesce(Order.last_sign_at, Order.claimed_at),
    )
)
_SINCE_ASKED: Moment = _known_since(func.coalesce(Order.checked_at, Order.completed_at))
_SINCE_GIVEN_OUT: Moment = _known_since(Order.dispatched_at)
_OFFERED = and_(Order.status == OrderStatus.DISPATCHED, Order.mode == DispatchMode.DIRECT)
_IN_POOL = and_(Order.status == OrderStatus.DISPATCHED, Order.mode == DispatchMode.POOL)
_WITHOUT_SIGN = Order.status == OrderStatus.CLAIMED


def unanswered_offers(at: datetime) -> Condition:
    """Orders whose direct offer has no answer after the category's time to accept."""
    return and_(_OFFERED, _is_over(_OFFERED, _SINCE_GIVEN_OUT, accept_minutes, at))


def without_sign(at: datetime) -> Condition:
    """Claimed orders that are stale and whose holder was not reminded since the last sign of life.

    An order is stale when the category's time for a sign of life has passed without one.
    """
    late = _is_over(_WITHOUT_SIGN, _SINCE_SIGN, stale_minutes, at)
    return and_(_WITHOUT_SIGN, late, _not_reminded_since(_SINCE_SIGN))


def still_without_sign(at: datetime) -> Condition:
    """Claimed orders whose holder was reminded, and has given no sign of life for as long again."""
    late = _by_pace(
        _WITHOUT_SIGN,
        stale_minutes,
        lambda minutes: Order.reminded <= at.timestamp() - 60 * minutes,
    )
    return and_(_WITHOUT_SIGN, ~_not_reminded_since(_SINCE_SIGN), late)


def unclaimed(at: datetime) -> Condition:
    """Orders in the pool for longer than the category's time, of which the desk was not told yet."""
    late = _is_over(_IN_POOL, _SINCE_GIVEN_OUT, pool_minutes, at)
    return and_(_IN_POOL, late, _not_reminded_since(_SINCE_GIVEN_OUT))


def left_to_backstop(at: datetime) -> Condition:
    """Orders in the pool for 48 hours or more, of which the backstop (兜底人) was not told yet."""
    return and_(
        _IN_POOL,
        at - BACKSTOP_AFTER >= _SINCE_GIVEN_OUT,
        _not_reminded_since(_SINCE_GIVEN_OUT, BACKSTOP_AFTER),
    )


def pauses_over(at: datetime) -> Condition:
    """Suspended orders whose date of resuming has come."""
    return and_(Order.status == OrderStatus.SUSPENDED, Order.suspended_until <= at)


def to_ask_again(at: datetime) -> Condition:
    """Completed orders without an answer whose requester is to be asked again on this day."""
    days = [
        and_(at - after >= _SINCE_ASKED, _not_reminded_since(_SINCE_ASKED, after))
        for after in ASK_AGAIN_ON
    ]
    return and_(_asked_for_rating(), has_account(), or_(*days))


def unanswered(at: datetime) -> Condition:
    """Completed orders that have waited seven days for the requester's answer.

    A requester with a phone but no account must have been called three times in this round, on at
    least two days of Shanghai.
    """
    of_round = and_(OrderCall.order_id == Order.id, OrderCall.round == Order.round)
    calls = select(func.count()).where(of_round).scalar_subquery()
    days = select(func.count(OrderCall.day.distinct())).where(of_round).scalar_subquery()
    phoned = and_(calls >= CALLS_BEFORE_CLOSING, days >= CALL_DAYS_BEFORE_CLOSING)
    answered_to = or_(has_account(), Order.contact_index.is_(None), phoned)
    return and_(_asked_for_rating(), at - ANSWER_WITHIN >= _SINCE_ASKED, answered_to)


def has_account() -> Condition:
    """Orders whose requester, or the person who placed them, has an account."""
    return or_(Order.requester_id.is_not(None), Order.placer_id.is_not(None))


def with_settled_parts() -> Condition:
    """Open orders that were split in this round and none of whose parts is under way."""
    part = aliased(Order)
    split = exists().where(
        OrderEvent.order_id == Order.id,
        OrderEvent.action == Action.SPLIT,
        OrderEvent.round == Order.round,
    )
    under_way = exists().where(part.parent_id == Order.id, part.status.not_in(SETTLED))
    divided = exists().where(part.parent_id == Order.id)
    return and_(Order.status.in_(OPEN), divided, split, ~under_way)


def _asked_for_rating() -> Condition:
    """Completed, and checked (核查) where the category asks for a check before the answer."""
    checked_first = select(Category.id).where(Category.check_before_answer)
    return and_(
        Order.status == OrderStatus.COMPLETED,
        or_(
            Order.checked_at.is_not(None),
            Order.category_id.is_(None),
            Order.category_id.not_in(checked_first),
        ),
    )


def _not_reminded_since(moment: Any, later_by: timedelta = timedelta()) -> Condition:
    return Order.reminded < extract("epoch", moment) + int(later_by.total_seconds())


def _is_over(state: Condition, since: Any, pace: Pace, at: datetime) -> Condition:
    """Orders in the state for which the minutes of their pace have passed since the moment."""
    return _by_pace(state, pace, lambda minutes: since <= at - timedelta(minutes=minutes))


def _by_pace(state: Condition, pace: Pace, is_late: Callable[[int], Condition]) -> Condition:
    """Orders that are late by the minutes of their own pace."""
    paced = tuple_(func.coalesce(Order.category_id, 0), Order.urgency)
    ways = [
        and_(paced.in_(pairs), is_late(minutes)) for minutes, pairs in _paces(state, pace).items()
    ]
    return or_(false(), *ways)


def _paces(state: Condition, pace: Pace) -> dict[int, list[tuple[int, Urgency]]]:
    """By minutes: the pairs (category id, or 0 for none; urgency) of orders that have this pace."""
    kinds = session.execute(select(Order.category_id, Order.urgency).where(state).distinct()).all()
    known = select(Category).where(Category.id.in_({category_id for category_id, _ in kinds}))
    categories = {category.id: category for category in session.scalars(known)}
    found: dict[int, list[tuple[int, Urgency]]] = {}
    for category_id, urgency in kinds:
        minutes = pace(categories.get(category_id or 0), urgency)
        found.setdefault(minutes, []).append((category_id or 0, urgency))
    return found
