"""Into whose hands an order goes, and out of them again."""

from datetime import datetime

from sqlalchemy import select

from app.categories.queries import get_category
from app.categories.states import Urgency, accept_minutes
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.orders.ticket.core import assign, let_go
from app.orders.ticket.models import Order
from app.orders.ticket.policy import reaches, unfit
from app.orders.ticket.stages import CALLED
from app.orders.ticket.states import (
    RETURNS_ADMITTED,
    Action,
    DispatchMode,
    HandlerKind,
    OrderStatus,
)
from app.orders.ticket.telling import desk, requesters, tell
from app.people.models import Person
from app.people.queries import get_person, grants_of, holders_of
from app.people.states import PersonKind

ASSIGNED_KINDS = {PersonKind.GRID_WORKER: HandlerKind.GRID, PersonKind.STAFF: HandlerKind.STAFF}


def give_to_person(order: Order, action: Action, person_id: int, at: datetime) -> None:
    """Assigned to a grid worker or staff, offered to a member or volunteer.

    Raises Invalid `assignee.unknown`, `order.own`; Conflict `person.away`, `person.offers_blocked`,
    `order.vetted_only`, `order.skill_missing`.
    """
    person = _handler(order, person_id, at)
    kind = ASSIGNED_KINDS.get(person.kind)
    if kind is None:
        _offer(order, action, person, at)
        return
    order.hold(action, at, kind=kind, holder_id=person.id)
    order.mode = DispatchMode.ASSIGNED
    order.dispatched_at = at
    assign(order, at, kind=kind, person_id=person.id)
    tell(order, "assigned", [person.id], category=category_name(order))
    tell(order, "claimed", requesters(order), handler="社区工作人员")


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


def _offer(order: Order, action: Action, person: Person, at: datetime) -> None:
    if person.is_away(at):
        raise Conflict("person.away", "这位党员现在暂不接单。")
    if person.offers_blocked_at is not None:
        raise Conflict("person.offers_blocked", "这位党员有两次未按约上门，请领导谈话后再指派。")
    category = None if order.category_id is None else get_category(order.category_id)
    why_not = unfit(person, category)
    if why_not is not None:
        # Nobody is asked for what he or she would then be refused.
        raise Conflict(*why_not)
    order.give_out(action, at, mode=DispatchMode.DIRECT, offered_to_id=person.id)
    minutes = accept_minutes(category, order.urgency)
    hours = f"{minutes}分钟" if minutes < 60 else f"{minutes // 60}小时"
    tell(order, "offered", [person.id], category=category_name(order), hours=hours)


def holds(person_id: int, permission: str, order: Order, at: datetime) -> bool:
    """Whether the person's permission reaches the order at that moment."""
    return reaches(grants_of(person_id, at), permission, order)


def lock_handler(person_id: int | None) -> None:
    """Before the order's row: whoever is to have it cannot lose the right to it meanwhile."""
    if person_id is not None:
        session.scalars(lock(select(Person).where(Person.id == person_id))).all()


def take_away(order: Order, action: Action, at: datetime) -> int | None:
    """Out of the hands of whoever has it or was asked; answers who that was.

    What a member had goes to the pool; what was assigned, or is confidential, to the desk.
    """
    earlier = order.holder_id or order.offered_to_id
    let_go(order, at)
    if order.mode is DispatchMode.ASSIGNED or order.sensitive:
        order.come_back(action, at)
    else:
        order.give_out(action, at, mode=DispatchMode.POOL)
    return earlier


def count_return(order: Order) -> None:
    """One more who did not do it; after two the leader assigns."""
    order.returns += 1
    if order.returns == RETURNS_ADMITTED:
        tell(order, "leader_assigns", holders_of("orders.lead", order.handling_unit_id))


def tell_desk_of_new(order: Order) -> None:
    """The dispatchers find it among what they must give out; an emergency pages who is on duty."""
    if order.urgency is Urgency.EMERGENCY:
        watchers = holders_of("orders.acknowledge", order.handling_unit_id)
        tell(order, "emergency", watchers, urgent=True, category=category_name(order))
    else:
        tell(order, "new", desk(order), category=category_name(order))


def call_anew(order: Order, earlier: Urgency) -> dict[str, bool]:
    """What the history says of an order that has just become an emergency: somebody must answer."""
    is_raised = order.urgency is Urgency.EMERGENCY and earlier is not Urgency.EMERGENCY
    is_signed = order.status is OrderStatus.SUBMITTED and order.acknowledged_at is not None
    return {CALLED: True} if is_raised and not is_signed else {}


def category_name(order: Order) -> str:
    """What it is about, in one word."""
    return "未分类" if order.category_id is None else get_category(order.category_id).name
