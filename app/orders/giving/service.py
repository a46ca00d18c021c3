"""Checks a handler, gives the order to him or her, and tells the people concerned."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.categories.queries import category_or_none
from app.categories.states import Urgency, accept_minutes
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, Invalid, instead_of_not_found
from app.orders.access.fitness import unfit
from app.orders.access.policy import WORKING, has_ground, reaches
from app.orders.record.core import write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order
from app.orders.ticket.models.handing import Giving
from app.orders.ticket.states import RETURNS_ADMITTED, DispatchMode, HandlerKind, OrderStatus
from app.organisation.models import Provider
from app.organisation.queries import get_provider, lock_provider
from app.people.models import Person
from app.people.queries import (
    get_person,
    grants_of,
    hold_people,
    hold_who_is_here,
    holders_of,
    titles,
    without_consent,
)
from app.people.states import Document, PersonKind

ASSIGNED_KINDS = {PersonKind.GRID_WORKER: HandlerKind.GRID, PersonKind.STAFF: HandlerKind.STAFF}


def check_person(order: Order, person_id: int, at: datetime) -> Person:
    """The person, where the order can be given to him or her.

    To a grid worker or staff it can be assigned, to a member or volunteer it can be offered. Raises
    Invalid `assignee.unknown`, `order.own`; Conflict `person.away`, `person.offers_blocked`,
    `order.vetted_only`, `order.skill_missing`, `consent.required`.
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
    if person_id in known_owners(order):
        raise Invalid("order.own", "不能把工单派给下单人自己。")
    return person


def known_owners(order: Order) -> tuple[int | None, ...]:
    """The requester and the placer, to whom the order is not given; of an anonymous order nobody.

    A refusal would tell the desk who they are. Such an offer may be declined, but not claimed.
    """
    return () if order.anonymous else (order.requester_id, order.placer_id)


def _check_offer(order: Order, person: Person, at: datetime) -> None:
    if person.is_away(at):
        raise Conflict("person.away", "这位党员现在暂不接单。")
    if person.offers_blocked_at is not None:
        raise Conflict("person.offers_blocked", "这位党员有两次未按约上门，请领导谈话后再指派。")
    why_not = unfit(person, category_or_none(order.category_id))
    if why_not is not None:
        # The person's claim would be refused, so there must be no offer.
        raise Conflict(*why_not)
    check_consents([person.id])


def check_consents(person_ids: Iterable[int]) -> None:
    """Raises Conflict `consent.required` where one of the people serves without consent."""
    if without_consent(person_ids):
        raise Conflict("consent.required", "这个人还没有同意有关说明，同意以后才能派单给他。")


def consent_first() -> Forbidden:
    """The error Forbidden `consent.required`, for a person who serves without consent."""
    needed = titles([Document.PRIVACY, Document.PARTY_MEMBERSHIP])
    return Forbidden("consent.required", f"接新的单子以前，请先阅读并同意{needed}。")


def holds(person_id: int, permission: str, order: Order, at: datetime) -> bool:
    """Whether the person has the permission for the order at that moment."""
    return reaches(grants_of(person_id, at), permission, order)


def may_work(person_id: int, order: Order, at: datetime) -> bool:
    """Whether the person may claim the order or have it assigned at that moment."""
    return any(holds(person_id, one, order, at) for one in WORKING)


def may_go_on(person_id: int, order: Order, at: datetime) -> bool:
    """Whether the person who handled the order has a ground to handle it again at that moment."""
    return has_ground(Actor(person_id, "", grants_of(person_id, at)), order)


def rightful_account(order: Order, provider: Provider, at: datetime) -> int | None:
    """The id of the person who acts for the outside unit on this order; None where nobody does.

    It is the account of the provider, if it may handle orders of the unit.
    """
    person_id = provider.person_id
    acts = person_id is not None and holds(person_id, "orders.handle", order, at)
    return person_id if acts else None


def keep_account(actor: Actor, order: Order) -> None:
    """Gives a held order of an outside unit to the account that acts for it now, or to none.

    The new account is told. Without an account the desk is told, because it records the work.
    Nothing happens to an order of another handler, or where the account stays.
    """
    if not order.is_held or order.provider_id is None:
        return
    at = now()
    account_id = rightful_account(order, get_provider(order.provider_id), at)
    if account_id == order.holder_id:
        return
    order.change_account(at, account_id)
    write(actor, order, visible=False)
    if account_id is None:
        tell(order, "account_gone", desk(order))
    else:
        tell(order, "assigned", [account_id], category=category_name(order))


def lock_handler(
    person_id: int | None, provider_id: int | None = None, along: Sequence[int] = ()
) -> None:
    """Locks the person's row, so that he or she cannot lose the right to the order meanwhile.

    With `provider_id` also the provider's row and that of its account. Holds the people who go along
    too. Must come before the lock of the order's row, as in all verbs. Raises Conflict `person.erased`.
    """
    if provider_id is not None:
        person_id = lock_provider(provider_id)
    hold_people([person_id, *along])
    if person_id is not None:
        session.scalars(lock(select(Person).where(Person.id == person_id))).all()


def lock_earlier_handler(order_id: int) -> None:
    """As `lock_handler`, but for whoever has completed the order, who may be erased since then.

    With an outside unit it locks also the account that the unit has now.
    """
    hands = select(Order.holder_id, Order.provider_id).where(Order.id == order_id)
    holder_id, provider_id = session.execute(hands).one_or_none() or (None, None)
    people = holder_id, lock_provider(provider_id)
    here = hold_who_is_here({person_id for person_id in people if person_id is not None})
    session.scalars(lock(select(Person).where(Person.id.in_(here)).order_by(Person.id))).all()


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
