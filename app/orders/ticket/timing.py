"""The stages of an order are kept in time: its acts become facts, its dates follow."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.categories.queries import get_category
from app.deadlines.computing.clocks import Choice, Fact
from app.deadlines.computing.states import FactKind
from app.deadlines.standing.events import Dates
from app.deadlines.standing.following import Subject, follow
from app.deadlines.terms.surroundings import DEFAULT_POLICY, choice
from app.kernel.clock import local_date, now, to_local
from app.kernel.errors import Invalid
from app.orders.ticket.models import Order
from app.orders.ticket.stages import EVERY, Deed, facts_of
from app.orders.ticket.states import Action, OrderStatus

KIND = "order"


def subject_of(order: Order) -> Subject:
    """The order as deadlines know it."""
    category = None if order.category_id is None else get_category(order.category_id)
    policy = DEFAULT_POLICY if category is None else category.policy
    return Subject(KIND, order.id, order.round, policy, order.category_id)


def choice_of(order: Order) -> Choice:
    """What decides on its targets now."""
    subject = subject_of(order)
    return choice(subject.policy, order.urgency, order.handling_unit_id, order.imposed_due_at)


def keep_time(
    order: Order,
    action: Action,
    *,
    before: OrderStatus | None,
    at: datetime,
    person_id: int | None,
    details: Mapping[str, Any],
) -> bool:
    """Notes what the act means for the stages; answers whether the promised day is another now."""
    deed = deed_of(order, action, before, at, person_id, details)
    facts = facts_of(deed)
    if not facts:
        return False
    if deed.begins_round and order.round > 1:
        past = replace(subject_of(order), round=order.round - 1)
        follow(past, [end_of_round(order, at)])
    dates = follow(subject_of(order), facts, is_new=deed.begins_round)
    return set_dates(order, dates) and before is not None


def deed_of(
    order: Order,
    action: Action,
    before: OrderStatus | None,
    at: datetime,
    person_id: int | None,
    details: Mapping[str, Any],
) -> Deed:
    """The act that has led the order to where it stands now."""
    return Deed(
        action,
        before,
        order.status,
        order.round,
        at,
        person_id,
        details,
        choice_of(order),
        is_planned=order.planned_until is not None,
    )


def end_of_round(order: Order, at: datetime) -> Fact:
    """What the round before has left open is the new round's now."""
    return Fact(FactKind.DROPPED, at, order.round - 1, EVERY)


def check_due(order: Order, due_at: datetime) -> None:
    """A date that the desk sets: to come, and not after what is promised already.

    Raises Invalid `order.due_in_the_past`, `order.beyond_deadline`.
    """
    if due_at <= now():
        raise Invalid("order.due_in_the_past", "办结时间要在现在之后。")
    if order.due_at is not None and due_at > order.due_at:
        latest = to_local(order.due_at)
        raise Invalid(
            "order.beyond_deadline",
            f"最晚要在{latest.month}月{latest.day}日{latest:%H:%M}前办结，需要更久请申请延期。",
        )


def set_dates(order: Order, dates: Dates) -> bool:
    """The promise and the next date of all; a promise that stands still is kept.

    Answers whether the promised day is another than before.
    """
    earlier = order.due_at
    if dates.solve_due_at is not None:
        order.due_at = dates.solve_due_at
    order.next_due_at = dates.next_due_at if order.is_open else None
    if earlier is None or order.due_at is None:
        return False
    return local_date(earlier) != local_date(order.due_at)
