"""One order on its own, with what a list leaves out because it costs a statement for each order."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, exists, select

from app.categories.queries import category_or_none
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database.fast.rows import fetch, table_of
from app.orders.access.fitness import owes_code, unfit
from app.orders.access.policy import (
    is_requester,
    is_staff_of,
    may_explain,
    may_manage,
)
from app.orders.linking.parts import open_parts, parts_of
from app.orders.ticket.models import NoShow, Order, OrderFollower
from app.orders.ticket.states import ASKED_BY, URGE_EVERY, Action, RequestKind, RequestState
from app.orders.views.deadlines import stages_of
from app.orders.views.rendering import OrderView, views_of
from app.people.queries import get_person

# A dispatcher may act at once while a request of these kinds waits.
_DONE_MEANWHILE = frozenset({RequestKind.EXTEND, RequestKind.CLOSE})


@dataclass(frozen=True, slots=True)
class OneView(OrderView):
    """An order with its parts, and in an emergency the advice for its requester."""

    children: list[dict[str, Any]]
    stop_message: str | None
    resident_text: str | None


@dataclass(frozen=True, slots=True)
class _Around:
    """Whether the reader has joined the order, a missed visit waits, it has parts, and open parts."""

    joined: bool = False
    reported: bool = False
    split: bool = False
    divided: bool = False


_ORDER, _PERSON = bindparam("order_id", type_=BigInteger), bindparam("person_id", type_=BigInteger)
_FOLLOWED, _UNCOME = table_of(OrderFollower).c, table_of(NoShow).c
_ABOUT = select(
    exists().where(_FOLLOWED.order_id == _ORDER, _FOLLOWED.person_id == _PERSON),
    exists().where(_UNCOME.order_id == _ORDER, _UNCOME.confirmed_at.is_(None)),
    exists().where(table_of(Order).c.parent_id == _ORDER),
    open_parts(_ORDER),
)


def _around(actor: Actor, order: Order) -> _Around:
    ((joined, reported, split, divided),) = fetch(
        _ABOUT, {"order_id": order.id, "person_id": actor.person_id}
    )
    return _Around(bool(joined), bool(reported), bool(split), bool(divided))


def view_of(actor: Actor, order: Order) -> OneView:
    """One order as the actor may see it.

    `actions` leaves out the actions that would be refused because of other rows. Handlers and staff
    see all stages with deadlines, other readers the promised date alone.
    """
    (view,) = views_of(actor, [order])
    shown = {field.name: getattr(view, field.name) for field in fields(view)}
    # A new order has nothing beside it yet.
    around = _around(actor, order) if order.version > 1 else _Around()
    shown["actions"] = _possible(actor, order, view, around)
    if may_explain(actor, order) or is_staff_of(actor, order):
        shown["deadlines"] = stages_of(order)
    stop_message, resident_text = _advice(actor, order)
    return OneView(
        **shown,
        children=parts_of(actor, order) if around.split else [],
        stop_message=stop_message,
        resident_text=resident_text,
    )


def _advice(actor: Actor, order: Order) -> tuple[str | None, str | None]:
    """For the requester in an emergency: the number to call, and what to do until help comes."""
    urgent = order.urgency is Urgency.EMERGENCY and is_requester(actor, order)
    category = category_or_none(order.category_id) if urgent else None
    if category is None:
        return None, None
    return category.stop_message or None, category.resident_text or None


def _possible(actor: Actor, order: Order, view: OrderView, around: _Around) -> list[str]:
    waiting = {row["kind"] for row in view.requests if row["state"] is RequestState.PENDING}
    meanwhile = _DONE_MEANWHILE if may_manage(actor, order) else frozenset()
    in_vain = {ASKED_BY[kind] for kind in waiting - meanwhile}
    found = {Action(name) for name in view.actions} - in_vain
    in_vain |= {
        action
        for action, refused in _REFUSED.items()
        if action in found and refused(actor, order, around)
    }
    return [name for name in view.actions if Action(name) not in in_vain]


def _cannot_claim(actor: Actor, order: Order, _: _Around) -> bool:
    person = get_person(actor.own_id)
    return person.is_away(now()) or unfit(person, category_or_none(order.category_id)) is not None


def _is_past(moment: datetime | None) -> bool:
    return moment is not None and moment <= now()


# When the verb of an action would refuse it although its rule and the order's state admit it.
_REFUSED: dict[Action, Callable[[Actor, Order, _Around], bool]] = {
    Action.CLAIM: _cannot_claim,
    Action.JOIN: lambda actor, order, around: around.joined,
    Action.URGE: lambda actor, order, around: (
        order.urged_at is not None and now() - order.urged_at < URGE_EVERY[order.urgency]
    ),
    Action.NOT_COME: lambda actor, order, around: (
        around.reported or not _is_past(order.appointed_at)
    ),
    Action.CONFIRM_NO_SHOW: lambda actor, order, around: not around.reported,
    Action.EXTEND: lambda actor, order, around: _is_past(order.due_at),
    Action.SETTLE: lambda actor, order, around: around.divided,
    Action.COMPLETE: lambda actor, order, around: (
        around.divided or owes_code(order, category_or_none(order.category_id))
    ),
}
