"""The deadlines of an order: its acts become facts of deadlines, and its dates follow from them."""

from dataclasses import replace
from datetime import datetime

from app.categories.queries import category_or_none
from app.deadlines.computing.clocks import Choice, Fact
from app.deadlines.computing.states import FactKind
from app.deadlines.standing.events import Dates
from app.deadlines.standing.following import Subject, follow
from app.deadlines.terms.surroundings import DEFAULT_POLICY, choice
from app.kernel.clock import local_date, now, spoken
from app.kernel.errors import Invalid
from app.orders.ticket.models import Act, Order
from app.orders.ticket.stages import EVERY, Deed, facts_of

KIND = "order"


def subject_of(order: Order) -> Subject:
    """The order, in its present round, as the subject of deadlines."""
    category = category_or_none(order.category_id)
    policy = DEFAULT_POLICY if category is None else category.policy
    return Subject(KIND, order.id, order.round, policy, order.category_id)


def choice_of(order: Order, subject: Subject | None = None) -> Choice:
    """The policy, urgency, unit and imposed date by which the targets of the order are chosen now.

    `subject` is the order as `subject_of` returns it.
    """
    subject = subject or subject_of(order)
    return choice(subject.policy, order.urgency, order.handling_unit_id, order.imposed_due_at)


def keep_time(order: Order, act: Act, person_id: int | None) -> bool:
    """Writes the facts of the act and the order's dates; returns whether the promised day changed.

    False for a new order.
    """
    subject = subject_of(order)
    deed = deed_of(order, act, person_id, subject)
    facts = facts_of(deed)
    if not facts:
        return False
    if deed.begins_round and order.round > 1:
        past = replace(subject, round=order.round - 1)
        follow(past, [end_of_round(order, act.at)])
    dates = follow(subject, facts, is_new=deed.begins_round)
    return set_dates(order, dates) and act.before is not None


def deed_of(order: Order, act: Act, person_id: int | None, subject: Subject | None = None) -> Deed:
    """The act on the order, done but not yet written, in the form from which facts are made."""
    return Deed(
        act.action,
        act.before,
        order.status,
        order.round,
        act.at,
        person_id,
        act.details,
        choice_of(order, subject),
        is_planned=order.planned_until is not None,
    )


def end_of_round(order: Order, at: datetime) -> Fact:
    """The fact that ends all stages of the round before the present one."""
    return Fact(FactKind.DROPPED, at, order.round - 1, EVERY)


def check_due(order: Order, due_at: datetime) -> None:
    """Raises Invalid unless the desk may set this date for a handler.

    `order.due_in_the_past`; `order.beyond_deadline` where it is later than the promised date.
    """
    if due_at <= now():
        raise Invalid("order.due_in_the_past", "办结时间要在现在之后。")
    if order.due_at is not None and due_at > order.due_at:
        latest = spoken(order.due_at)
        raise Invalid("order.beyond_deadline", f"最晚要在{latest}前办结，需要更久请申请延期。")


def set_dates(order: Order, dates: Dates) -> bool:
    """Sets the promised date and the next date; returns whether the promised day in Shanghai changed.

    While the solving is paused the promised date stays; a closed order has no next date.
    """
    earlier = order.due_at
    if dates.solve_due_at is not None:
        order.due_at = dates.solve_due_at
    order.next_due_at = dates.next_due_at if order.is_open else None
    if earlier is None or order.due_at is None:
        return False
    return local_date(earlier) != local_date(order.due_at)
