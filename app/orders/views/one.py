"""One order on its own: what a list leaves out because it costs a statement a row."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import BigInteger, bindparam, exists, select

from app.categories.queries import get_category
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

# These the desk, or the leader, may also do without asking.
_DONE_MEANWHILE = frozenset({RequestKind.EXTEND, RequestKind.CLOSE})


@dataclass(frozen=True, slots=True)
class OneView(OrderView):
    """An order with its parts; in an emergency its requester is told what to do first."""

    children: list[dict[str, Any]]
    stop_message: str | None
    resident_text: str | None


@dataclass(frozen=True, slots=True)
class _Around:
    """Whether the reader has joined it, not_come was reported, it has parts, and open ones."""

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
    """One order for its reader; `actions` without those that would be refused all the same.

    Whoever works on it sees every stage, the requester the promise.
    """
    (view,) = views_of(actor, [order])
    shown = {field.name: getattr(view, field.name) for field in fields(view)}
    # Nothing has happened yet to what was just placed.
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
    """The emergency number and what to do until help comes."""
    urgent = order.urgency is Urgency.EMERGENCY and is_requester(actor, order)
    if not urgent or order.category_id is None:
        return None, None
    category = get_category(order.category_id)
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
    category = None if order.category_id is None else get_category(order.category_id)
    return person.is_away(now()) or unfit(person, category) is not None


def _has_joined(_: Actor, __: Order, around: _Around) -> bool:
    return around.joined


def _nothing_reported(_: Actor, __: Order, around: _Around) -> bool:
    return not around.reported


def _not_missed(_: Actor, order: Order, around: _Around) -> bool:
    """Nobody was to be here yet, or the desk is looking into it."""
    too_early = order.appointed_at is None or now() < order.appointed_at
    return too_early or around.reported


def _has_urged(_: Actor, order: Order, __: _Around) -> bool:
    return order.urged_at is not None and now() - order.urged_at < URGE_EVERY[order.urgency]


def _is_due(_: Actor, order: Order, __: _Around) -> bool:
    return order.due_at is not None and order.due_at <= now()


def _is_divided(_: Actor, __: Order, around: _Around) -> bool:
    return around.divided


def _cannot_complete(_: Actor, order: Order, around: _Around) -> bool:
    """Parts of it are open, or the visitor has not shown the code."""
    category = None if order.category_id is None else get_category(order.category_id)
    return owes_code(order, category) or around.divided


_REFUSED: dict[Action, Callable[[Actor, Order, _Around], bool]] = {
    Action.CLAIM: _cannot_claim,
    Action.JOIN: _has_joined,
    Action.URGE: _has_urged,
    Action.NOT_COME: _not_missed,
    Action.CONFIRM_NO_SHOW: _nothing_reported,
    Action.EXTEND: _is_due,
    Action.SETTLE: _is_divided,
    Action.COMPLETE: _cannot_complete,
}
