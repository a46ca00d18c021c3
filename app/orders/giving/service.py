"""Checks a handler, gives the order to him or her, and tells the people concerned."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.categories.queries import category_or_none
from app.categories.states import Urgency, accept_minutes
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Invalid, instead_of_not_found
from app.orders.access.fitness import unfit
from app.orders.access.policy import reaches
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order
from app.orders.ticket.models.handing import Giving
from app.orders.ticket.states import RETURNS_ADMITTED, DispatchMode, HandlerKind, OrderStatus
from app.organisation.queries import get_provider
from app.people.models import Person
from app.people.queries import get_person, grants_of, holders_of
from app.people.states import PersonKind

ASSIGNED_KINDS = {PersonKind.GRID_WORKER: HandlerKind.GRID, PersonKind.STAFF: HandlerKind.STAFF}


def check_person(order: Order, person_id: int, at: datetime) -> Person:
    """The person, where the order can be given to him or her.

    To a grid worker or staff it can be assigned, to a member or volunteer it can be offered. Raises
    Invalid `assignee.unknown`, `order.own`; Conflict `person.away`, `person.offers_blocked`,
    `order.vetted_only`, `order.skill_missing`.
    """
    person = _handler(order, person_id, at)
    if person.kind not in ASSIGNED_KINDS:
        _check_offer(order, person, at)
    return person


def to_person(mode: DispatchMode, person: Person, **terms: Any) -> Giving:
    """The Giving to that person: an assignment to a grid worker or staff, to others an offer.

    `terms` are the other fields of Giving.
    """
    kind = ASSIGNED_KINDS.get(person.kind)
    holder_id = None if kind is None else person.id
    return Giving(mode, assignee_id=person.id, kind=kind, holder_id=holder_id, **terms)


def tell_given(order: Order) -> None:
    """Tells the person who has got the order or the offer, and the requester.

    The requester hears nothing of an offer that has no answer yet.
    """
    if order.status is not OrderStatus.DISPATCHED:
        tell(order, "assigned", [order.holder_id], category=category_name(order))
        name = get_provider(order.provider_id).name if order.provider_id else "社区工作人员"
        tell(order, "claimed", requesters(order), handler=name)
    elif order.mode is DispatchMode.POOL:
        tell(order, "pooled", requesters(order))
    else:
        minutes = accept_minutes(category_or_none(order.category_id), order.urgency)
        hours = f"{minutes}分钟" if minutes < 60 else f"{minutes // 60}小时"
        people = [order.offered_to_id]
        tell(order, "offered", people, category=category_name(order), hours=hours)


def _handler(order: Order, person_id: int, at: datetime) -> Person:
    """The person, where he or she may handle orders of this unit; others count as unknown."""
    unknown = Invalid("assignee.unknown", "没有找到这位办理人，或他不在本单位。")
    with instead_of_not_found(unknown):
        person = get_person(person_id)
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
    why_not = unfit(person, category_or_none(order.category_id))
    if why_not is not None:
        # The person's claim would be refused, so there must be no offer.
        raise Conflict(*why_not)


def holds(person_id: int, permission: str, order: Order, at: datetime) -> bool:
    """Whether the person has the permission for the order at that moment."""
    return reaches(grants_of(person_id, at), permission, order)


def may_work(person_id: int, order: Order, at: datetime) -> bool:
    """Whether the person may claim the order or have it assigned at that moment."""
    return any(holds(person_id, one, order, at) for one in ("orders.claim", "orders.handle"))


def lock_handler(person_id: int | None) -> None:
    """Locks the person's row, so that he or she cannot lose the right to the order meanwhile.

    Must come before the lock of the order's row, as in all verbs.
    """
    if person_id is not None:
        session.scalars(lock(select(Person).where(Person.id == person_id))).all()


def tell_leader_of_returns(order: Order) -> None:
    """Tells the leaders after the second return of the order that they must assign it."""
    if order.returns == RETURNS_ADMITTED:
        tell(order, "leader_assigns", holders_of("orders.lead", order.handling_unit_id))


def tell_desk_of_new(order: Order) -> None:
    """Tells the dispatchers of an order that has come to their desk; an emergency pages instead."""
    if order.urgency is Urgency.EMERGENCY:
        page(order)
    else:
        tell(order, "new", desk(order), category=category_name(order))


def page(order: Order) -> None:
    """特急呼叫: sends an urgent message to the people who may acknowledge orders of the unit."""
    watchers = holders_of("orders.acknowledge", order.handling_unit_id)
    tell(order, "emergency", watchers, urgent=True, category=category_name(order))


def is_called_anew(order: Order, urgency: Urgency) -> bool:
    """Whether the order becomes an emergency by that urgency, and must be acknowledged for it.

    False for a submitted order that is acknowledged (签收) already.
    """
    is_raised = urgency is Urgency.EMERGENCY and order.urgency is not Urgency.EMERGENCY
    is_signed = order.status is OrderStatus.SUBMITTED and order.acknowledged_at is not None
    return is_raised and not is_signed


def category_name(order: Order) -> str:
    """The name of the order's category, or 未分类."""
    category = category_or_none(order.category_id)
    return "未分类" if category is None else category.name
