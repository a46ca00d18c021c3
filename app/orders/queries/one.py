"""One order on its own: what a list leaves out because it costs a statement a row."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import exists, select

from app.categories.queries import get_category
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.database import session
from app.orders.models import NoShow, Order, OrderFollower
from app.orders.policy import is_requester, is_staff_of, may_explain, unfit
from app.orders.queries.parts import has_open_parts, parts_of
from app.orders.queries.rendering import OrderView, views_of
from app.orders.queries.stages import stages_of
from app.orders.states import ASKED_BY, Action, RequestKind, RequestState
from app.people.queries import get_person

# These the desk, or the leader, may also do without asking.
_DONE_MEANWHILE = frozenset({RequestKind.EXTEND, RequestKind.CLOSE})


@dataclass(frozen=True, slots=True)
class OneView(OrderView):
    """An order with its parts; in an emergency its requester is told what to do first."""

    children: list[dict[str, Any]]
    stop_message: str | None
    resident_text: str | None


def view_of(actor: Actor, order: Order) -> OneView:
    """One order for its reader; `actions` without those that would be refused all the same.

    Whoever works on it sees every stage, the requester the promise.
    """
    (view,) = views_of(actor, [order])
    shown = {field.name: getattr(view, field.name) for field in fields(view)}
    shown["actions"] = _possible(actor, order, view)
    if may_explain(actor, order) or is_staff_of(actor, order):
        shown["deadlines"] = stages_of(order)
    stop_message, resident_text = _advice(actor, order)
    return OneView(
        **shown,
        # Nothing has happened yet to what was just placed.
        children=parts_of(actor, order) if order.version > 1 else [],
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


def _possible(actor: Actor, order: Order, view: OrderView) -> list[str]:
    waiting = {row["kind"] for row in view.requests if row["state"] is RequestState.PENDING}
    in_vain = {ASKED_BY[kind] for kind in waiting - _DONE_MEANWHILE}
    found = {Action(name) for name in view.actions} - in_vain
    in_vain |= {
        action for action, refused in _REFUSED.items() if action in found and refused(actor, order)
    }
    return [name for name in view.actions if Action(name) not in in_vain]


def _cannot_claim(actor: Actor, order: Order) -> bool:
    category = None if order.category_id is None else get_category(order.category_id)
    return unfit(get_person(actor.own_id), category) is not None


def _has_joined(actor: Actor, order: Order) -> bool:
    joined = exists().where(
        OrderFollower.order_id == order.id, OrderFollower.person_id == actor.own_id
    )
    return bool(session.scalar(select(joined)))


def _nothing_reported(_: Actor, order: Order) -> bool:
    reported = exists().where(NoShow.order_id == order.id, NoShow.confirmed_at.is_(None))
    return not session.scalar(select(reported))


def _is_divided(_: Actor, order: Order) -> bool:
    return order.version > 1 and has_open_parts(order)


_REFUSED = {
    Action.CLAIM: _cannot_claim,
    Action.JOIN: _has_joined,
    Action.CONFIRM_NO_SHOW: _nothing_reported,
    Action.SETTLE: _is_divided,
    Action.COMPLETE: _is_divided,
}
