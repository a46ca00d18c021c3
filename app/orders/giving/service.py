"""Into whose hands an order goes, and out of them again."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.categories.queries import get_category
from app.categories.states import Urgency, accept_minutes
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.orders.access.fitness import unfit
from app.orders.access.policy import reaches
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order
from app.orders.ticket.models.handing import Giving
from app.orders.ticket.states import (
    RETURNS_ADMITTED,
    DispatchMode,
    HandlerKind,
    OrderStatus,
)
from app.organisation.queries import get_provider
from app.people.models import Person
from app.people.queries import get_person, grants_of, holders_of
from app.people.states import PersonKind

ASSIGNED_KINDS = {PersonKind.GRID_WORKER: HandlerKind.GRID, PersonKind.STAFF: HandlerKind.STAFF}


def check_person(order: Order, person_id: int, at: datetime) -> Person:
    """A person whom the order can be given to: assigned, or offered as a member or volunteer.

    Raises Invalid `assignee.unknown`, `order.own`; Conflict `person.away`, `person.offers_blocked`,
    `order.vetted_only`, `order.skill_missing`.
    """
    person = _handler(order, person_id, at)
    if person.kind not in ASSIGNED_KINDS:
        _check_offer(order, person, at)
    return person


def to_person(mode: DispatchMode, person: Person, **terms: Any) -> Giving:
    """Giving it to that person: to act, as a grid worker or staff, or as an offer."""
    kind = ASSIGNED_KINDS.get(person.kind)
    holder_id = None if kind is None else person.id
    return Giving(mode, assignee_id=person.id, kind=kind, holder_id=holder_id, **terms)


def tell_given(order: Order) -> None:
    """The person whose it is hears of it, and so does the requester."""
    if order.status is not OrderStatus.DISPATCHED:
        tell(order, "assigned", [order.holder_id], category=category_name(order))
        tell(order, "claimed", requesters(order), handler=_handler_name(order))
    elif order.mode is DispatchMode.POOL:
        tell(order, "pooled", requesters(order))
    else:
        category = None if order.category_id is None else get_category(order.category_id)
        minutes = accept_minutes(category, order.urgency)
        hours = f"{minutes}分钟" if minutes < 60 else f"{minutes // 60}小时"
        people = [order.offered_to_id]
        tell(order, "offered", people, category=category_name(order), hours=hours)


def _handler_name(order: Order) -> str:
    return get_provider(order.provider_id).name if order.provider_id else "社区工作人员"


def _handler(order: Order, person_id: int, at: datetime) -> Person:
    """Somebody who may handle orders of this unit; anybody else is as good as unknown."""
    unknown = Invalid("assignee.unknown", "没有找到这位办理人，或他不在本单位。")
    try:
        person = get_person(person_id)
    except NotFound as missing:
        raise unknown from missing
    wanted = "orders.handle" if person.kind in ASSIGNED_KINDS else "orders.claim"
    if not person.is_active or not holds(person_id, wanted, order, at):
        raise unknown
    if person_id in (order.requester_id, order.placer_id):
        raise Invalid("order.own", "不能把工单派给下单人自己。")
    return person


def _check_offer(order: Order, person: Person, at: datetime) -> None:
    if person.is_away(at):
        raise Conflict("person.away", "这位党员现在暂不接单。")
    if person.offers_blocked_at is not None:
        raise Conflict("person.offers_blocked", "这位党员有两次未按约上门，请领导谈话后再指派。")
    category = None if order.category_id is None else get_category(order.category_id)
    why_not = unfit(person, category)
    if why_not is not None:
        # Nobody is asked for what he or she would then be refused.
        raise Conflict(*why_not)


def holds(person_id: int, permission: str, order: Order, at: datetime) -> bool:
    """Whether the person's permission reaches the order at that moment."""
    return reaches(grants_of(person_id, at), permission, order)


def lock_handler(person_id: int | None) -> None:
    """Before the order's row: whoever is to have it cannot lose the right to it meanwhile."""
    if person_id is not None:
        session.scalars(lock(select(Person).where(Person.id == person_id))).all()


def tell_leader_of_returns(order: Order) -> None:
    """After the second return the leader hears that he or she assigns."""
    if order.returns == RETURNS_ADMITTED:
        tell(order, "leader_assigns", holders_of("orders.lead", order.handling_unit_id))


def tell_desk_of_new(order: Order) -> None:
    """The dispatchers find it among what they must give out; an emergency pages who is on duty."""
    if order.urgency is Urgency.EMERGENCY:
        watchers = holders_of("orders.acknowledge", order.handling_unit_id)
        tell(order, "emergency", watchers, urgent=True, category=category_name(order))
    else:
        tell(order, "new", desk(order), category=category_name(order))


def is_called_anew(order: Order, urgency: Urgency) -> bool:
    """Whether the order becomes an emergency by that urgency, so that somebody must answer."""
    is_raised = urgency is Urgency.EMERGENCY and order.urgency is not Urgency.EMERGENCY
    is_signed = order.status is OrderStatus.SUBMITTED and order.acknowledged_at is not None
    return is_raised and not is_signed


def category_name(order: Order) -> str:
    """What it is about, in one word."""
    return "未分类" if order.category_id is None else get_category(order.category_id).name
