"""Which orders an actor may see; every read starts here."""

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import not_found
from app.orders.models import Order, OrderAssignee, OrderEvent, OrderFollower, OrderRequest
from app.orders.policy import is_holder
from app.orders.states import (
    OPEN,
    Action,
    ContentState,
    DispatchMode,
    OrderStatus,
    RequestState,
)


def under(column: InstrumentedAttribute[str], paths: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether a unit path lies in one of the subtrees."""
    return or_(false(), *(column.startswith(path, autoescape=True) for path in paths))


def _staff(actor: Actor) -> ColumnElement[bool]:
    seen = under(Order.handling_path, actor.paths("orders.see"))
    secret = under(Order.handling_path, actor.paths("orders.see_sensitive"))
    # Whoever is paged must be able to answer.
    paged = and_(
        Order.urgency == Urgency.EMERGENCY,
        under(Order.handling_path, actor.paths("orders.acknowledge")),
    )
    asked = exists().where(
        OrderRequest.order_id == Order.id,
        OrderRequest.state == RequestState.PENDING,
        under(OrderRequest.unit_path, actor.paths("orders.dispatch")),
        or_(
            Order.sensitive.is_(False),
            under(OrderRequest.unit_path, actor.paths("orders.see_sensitive")),
        ),
    )
    return or_(and_(seen, or_(Order.sensitive.is_(False), secret, paged)), asked)


def _private(actor: Actor) -> ColumnElement[bool]:
    person_id = actor.own_id
    # Who gave it back or lost it reads on no longer; who brought it to its end does.
    handled = exists().where(
        OrderAssignee.order_id == Order.id,
        OrderAssignee.person_id == person_id,
        or_(OrderAssignee.until.is_(None), OrderAssignee.until == Order.completed_at),
    )
    placed = or_(Order.requester_id == person_id, Order.placer_id == person_id)
    if not actor.may_somewhere("orders.manage"):
        placed = and_(placed, Order.parent_id.is_(None))
    return or_(
        placed,
        Order.holder_id == person_id,
        and_(Order.offered_to_id == person_id, Order.status == OrderStatus.DISPATCHED),
        handled,
    )


def in_pool(actor: Actor) -> ColumnElement[bool]:
    """What lies in the pools where the actor may claim."""
    return and_(
        Order.status == OrderStatus.DISPATCHED,
        Order.mode == DispatchMode.POOL,
        Order.sensitive.is_(False),
        under(Order.handling_path, actor.paths("orders.claim")),
    )


def orders_visible_to(actor: Actor) -> Select[Order]:
    """All orders the actor may see; the program itself sees all."""
    statement = select(Order)
    if actor.is_system:
        return statement
    ways = [_private(actor)]
    if actor.may_somewhere("orders.see") or actor.may_somewhere("orders.dispatch"):
        ways.append(_staff(actor))
    if actor.may_somewhere("orders.claim"):
        ways.append(in_pool(actor))
    return statement.where(or_(*ways))


def orders_joinable_by(actor: Actor) -> Select[Order]:
    """Open matters of public places, checked and not anonymous, that a neighbour may join."""
    return select(Order).where(
        Order.status.in_(OPEN),
        Order.public_place,
        Order.anonymous.is_(False),
        Order.content_state == ContentState.PASSED,
        or_(Order.requester_id.is_(None), Order.requester_id != actor.own_id),
    )


def _claimable_by(actor: Actor) -> Select[Order]:
    # One that another has just claimed is still known to who saw it in the pool: 409, not 404.
    return select(Order).where(
        Order.mode == DispatchMode.POOL,
        Order.status.in_(OPEN),
        Order.sensitive.is_(False),
        under(Order.handling_path, actor.paths("orders.claim")),
    )


def _followed_by(actor: Actor) -> Select[Order]:
    return select(Order).where(
        exists().where(OrderFollower.order_id == Order.id, OrderFollower.person_id == actor.own_id)
    )


_WIDER = {
    Action.CLAIM: (_claimable_by,),
    Action.JOIN: (orders_joinable_by, _followed_by),
    Action.SUPPORT: (orders_joinable_by,),
}


def get_visible(actor: Actor, order_id: int) -> Order:
    """The order, or NotFound."""
    found = session.scalars(orders_visible_to(actor).where(Order.id == order_id)).one_or_none()
    if found is None:
        raise not_found()
    return found


def get_for_action(actor: Actor, order_id: int, action: Action) -> Order:
    """As get_visible; a few actions also reach orders that are otherwise not shown."""
    for statement in (orders_visible_to, *_WIDER.get(action, ())):
        found = session.scalars(statement(actor).where(Order.id == order_id)).one_or_none()
        if found is not None:
            return found
    raise not_found()


def events_visible_to(actor: Actor, order: Order) -> Select[OrderEvent]:
    """The history: staff and the handler see all of it, others what is meant for them."""
    statement = select(OrderEvent).where(OrderEvent.order_id == order.id)
    if actor.is_system or is_holder(actor, order) or actor.may("orders.see", order.handling_path):
        return statement
    return statement.where(OrderEvent.visible)
