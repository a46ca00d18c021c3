"""What the timetable must act on now: conditions on orders, exact to the category's pace.

`Order.reminded` is the second of the last reminder, counted from 1970, 0 for none. A reminder is
due when none has gone out since the moment that it counts from. So whatever sets that moment anew
(a holder, a sign of life, a dispatch) makes it due again, and nothing has to be reset.

Of an order that came in from another system nothing counts from before it came.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, extract, false, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.categories.models import Category
from app.categories.states import (
    Paced,
    Urgency,
    accept_minutes,
    pool_minutes,
    stale_minutes,
)
from app.kernel.clock import now
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
from app.organisation.queries import get_unit
from app.people.models import Person, RoleGrant
from app.people.states import PersonStatus

Pace = Callable[[Paced | None, Urgency | None], int]
Moment = ColumnElement[datetime]
Condition = ColumnElement[bool]


def _known_since(moment: Any) -> Moment:
    """That moment, or the later one at which the order came in from elsewhere."""
    return case((Order.imported_at > moment, Order.imported_at), else_=moment)


_SINCE_SIGN: Moment = _known_since(
    case(
        # Until the appointed time nothing more can be expected.
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
    """Direct offers past the category's time to accept."""
    return and_(_OFFERED, _is_over(_OFFERED, _SINCE_GIVEN_OUT, accept_minutes, at))


def without_sign(at: datetime) -> Condition:
    """Claimed, stale, and its holder not reminded since the last sign of life."""
    late = _is_over(_WITHOUT_SIGN, _SINCE_SIGN, stale_minutes, at)
    return and_(_WITHOUT_SIGN, late, _not_reminded_since(_SINCE_SIGN))


def still_without_sign(at: datetime) -> Condition:
    """Claimed, reminded since the last sign of life, and stale once more since the reminder."""
    ways = [
        and_(_is_one_of(pairs), Order.reminded <= at.timestamp() - 60 * minutes)
        for minutes, pairs in _paces(_WITHOUT_SIGN, stale_minutes).items()
    ]
    return and_(_WITHOUT_SIGN, ~_not_reminded_since(_SINCE_SIGN), or_(false(), *ways))


def unclaimed(at: datetime) -> Condition:
    """In the pool past the category's time, and nobody told since it was put there."""
    late = _is_over(_IN_POOL, _SINCE_GIVEN_OUT, pool_minutes, at)
    return and_(_IN_POOL, late, _not_reminded_since(_SINCE_GIVEN_OUT))


def left_to_backstop(at: datetime) -> Condition:
    """In the pool for 48 hours, and the backstop not told."""
    return and_(
        _IN_POOL,
        at - BACKSTOP_AFTER >= _SINCE_GIVEN_OUT,
        _not_reminded_since(_SINCE_GIVEN_OUT, BACKSTOP_AFTER),
    )


def pauses_over(at: datetime) -> Condition:
    """Suspended until a moment that has come."""
    return and_(Order.status == OrderStatus.SUSPENDED, Order.suspended_until <= at)


def to_ask_again(at: datetime) -> Condition:
    """Completed, not answered, and a day of asking has come since the last time."""
    days = [
        and_(at - after >= _SINCE_ASKED, _not_reminded_since(_SINCE_ASKED, after))
        for after in ASK_AGAIN_ON
    ]
    return and_(_asked_for_rating(), has_account(), or_(*days))


def unanswered(at: datetime) -> Condition:
    """Completed for seven days; who has no account but a phone must have been called three times.

    The calls were on two days, of Shanghai: a call on another day than the first.
    """
    of_round = and_(OrderCall.order_id == Order.id, OrderCall.round == Order.round)
    calls = select(func.count()).where(of_round).scalar_subquery()
    days = select(func.count(OrderCall.day.distinct())).where(of_round).scalar_subquery()
    phoned = and_(calls >= CALLS_BEFORE_CLOSING, days >= CALL_DAYS_BEFORE_CLOSING)
    answered_to = or_(has_account(), Order.contact_index.is_(None), phoned)
    return and_(_asked_for_rating(), at - ANSWER_WITHIN >= _SINCE_ASKED, answered_to)


def has_account() -> Condition:
    """Whether somebody can be asked through the program."""
    return or_(Order.requester_id.is_not(None), Order.placer_id.is_not(None))


def with_settled_parts() -> Condition:
    """Open, split in this round, and no part under way."""
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
    """Completed, and checked where the category is checked before the resident is asked."""
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
    """Whether the pace's minutes have passed since that moment."""
    ways = [
        and_(_is_one_of(pairs), since <= at - timedelta(minutes=minutes))
        for minutes, pairs in _paces(state, pace).items()
    ]
    return or_(false(), *ways)


def _paces(state: Condition, pace: Pace) -> dict[int, list[tuple[int, Urgency]]]:
    """By minutes: the categories (0: none) and urgencies of that pace that orders have."""
    kinds = session.execute(select(Order.category_id, Order.urgency).where(state).distinct()).all()
    known = select(Category).where(Category.id.in_({category_id for category_id, _ in kinds}))
    categories = {category.id: category for category in session.scalars(known)}
    found: dict[int, list[tuple[int, Urgency]]] = {}
    for category_id, urgency in kinds:
        minutes = pace(categories.get(category_id or 0), urgency)
        found.setdefault(minutes, []).append((category_id or 0, urgency))
    return found


def _is_one_of(pairs: list[tuple[int, Urgency]]) -> Condition:
    return tuple_(func.coalesce(Order.category_id, 0), Order.urgency).in_(pairs)


def holders_of_role(role_code: str, unit_id: int) -> list[int]:
    """Active people with that role at the unit, or else at the nearest one above."""
    at = now()
    path = get_unit(unit_id).path_ids
    rows = session.execute(
        select(RoleGrant.unit_id, RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role_code == role_code,
            RoleGrant.unit_id.in_(path),
            RoleGrant.since <= at,
            RoleGrant.until.is_(None) | (RoleGrant.until > at),
            Person.status == PersonStatus.ACTIVE,
        )
        .order_by(RoleGrant.person_id)
    ).all()
    at_units = {unit for unit, _ in rows}
    nearest = next((unit for unit in reversed(path) if unit in at_units), None)
    return list(dict.fromkeys(person for unit, person in rows if unit == nearest))
