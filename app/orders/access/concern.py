"""Own work: who has to do with an order, and so judges nothing about it (没有人评判自己的事)."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, exists, select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.rows import fetch, table_of
from app.kernel.errors import Forbidden
from app.orders.ticket.models import Order, OrderAssignee, OrderEvent
from app.orders.ticket.states import REJECTING, REPORTING, Action
from app.people.models import PersonDetail

_ORDERS, _HANDS, _EVENTS = table_of(Order).c, table_of(OrderAssignee).c, table_of(OrderEvent).c
_DETAILS = table_of(PersonDetail).c
_ORDER = bindparam("order_id", type_=BigInteger)
_PERSON = bindparam("person_id", type_=BigInteger)


def _did(actions: Iterable[Action]) -> ColumnElement[bool]:
    return exists().where(
        _EVENTS.order_id == _ORDER,
        _EVENTS.actor_id == _PERSON,
        _EVENTS.action.in_(sorted(actions)),
    )


# The person handled the order or helped, in any round, or reported on the work.
WORKED = exists().where(_HANDS.order_id == _ORDER, _HANDS.person_id == _PERSON) | _did(REPORTING)
# The order is the person's own, or its contact has the person's phone.
IS_PARTY = exists().where(
    _ORDERS.id == _ORDER,
    (_ORDERS.requester_id == _PERSON)
    | (_ORDERS.placer_id == _PERSON)
    | exists().where(_DETAILS.person_id == _PERSON, _DETAILS.phone_index == _ORDERS.contact_index),
)
# The person has rejected the order before.
REJECTED = _did(REJECTING)
_WORKED, _CONCERNED = select(WORKED), select(WORKED | IS_PARTY)
_IS_PARTY, _REJECTED = select(IS_PARTY), select(REJECTED)


def refuse_own_work(actor: Actor, order: Order) -> None:
    """Raises Forbidden `order.not_allowed` for a person who worked on the order or is a party of it."""
    _refuse(_CONCERNED, actor, order)


def refuse_own_rating(actor: Actor, order: Order) -> None:
    """Raises Forbidden `order.not_allowed` for a requester who worked on the order as staff."""
    _refuse(_WORKED, actor, order)


def refuse_own_words(actor: Actor, order: Order) -> None:
    """Raises Forbidden `order.not_allowed` for a person who is a party of the order."""
    _refuse(_IS_PARTY, actor, order)


def refuse_own_rejection(actor: Actor, order: Order) -> None:
    """Raises Forbidden `order.not_allowed` for a person who has rejected the order before."""
    _refuse(_REJECTED, actor, order)


def is_own_work(actor: Actor, order: Order) -> bool:
    """Whether the actor worked on the order or is a party of it."""
    return _holds(_CONCERNED, actor, order)


def _holds(concerns: Select[bool], actor: Actor, order: Order) -> bool:
    if actor.person_id is None:
        return False
    ((found,),) = fetch(concerns, {"order_id": order.id, "person_id": actor.person_id})
    return bool(found)


def _refuse(concerns: Select[bool], actor: Actor, order: Order) -> None:
    if _holds(concerns, actor, order):
        told = "这件事您经手过，或与您本人有关，请由别人来办；本单位没有别人时，由上级单位来办。"
        raise Forbidden("order.not_allowed", told)


def concerned_with(order: Order) -> set[int]:
    """Ids of the people who worked on the order or are a party of it."""
    hands = select(_HANDS.person_id).where(_HANDS.order_id == order.id)
    reports = select(_EVENTS.actor_id).where(
        _EVENTS.order_id == order.id, _EVENTS.action.in_(sorted(REPORTING))
    )
    called = select(_DETAILS.person_id).where(_DETAILS.phone_index == order.contact_index)
    # Without a phone in the order nobody has it: NULL would be everybody who has no phone.
    others = [reports] if order.contact_index is None else [reports, called]
    found = session.scalars(hands.union(*others)).all()
    return {one for one in (*found, order.requester_id, order.placer_id) if one is not None}
