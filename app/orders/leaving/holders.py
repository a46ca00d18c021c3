"""Gives orders back or moves them when their holder goes away, or the unit that handles them."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, update

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict
from app.kernel.permissions import permissions_of
from app.notifications.service import notify
from app.orders.giving.helping import stop_helping
from app.orders.giving.service import holds
from app.orders.handling.service import decline_order, return_order
from app.orders.record.core import write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import (
    HELD,
    OPEN,
    SETTLED,
    HandlerKind,
    OrderStatus,
    RequestState,
    Source,
)
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people.queries import grants_of, holders_of

CLAIMERS = frozenset({HandlerKind.MEMBER, HandlerKind.VOLUNTEER})
ASSIGNED = frozenset({HandlerKind.GRID, HandlerKind.STAFF})
BY_RESIDENTS = frozenset({Source.MINI_PROGRAM, Source.H5})
AWAY = "暂不接单。"


def release_membership(actor: Actor, person_id: int, unit_path: str | None) -> int:
    """Gives back the person's claimed orders and offers after a registration has ended.

    Only orders in the subtree `unit_path` go back, and only those that the person may no longer
    claim; with None all of them go back. Answers how many.
    """
    at = now()

    def lost(order: Order) -> bool:
        if unit_path is None:
            return True
        inside = order.handling_path.startswith(unit_path)
        return inside and not holds(person_id, "orders.claim", order, at)

    stop_helping(actor, person_id, lost)
    claimed = and_(Order.holder_id == person_id, Order.holder_kind.in_(CLAIMERS))
    return _release(actor, or_(and_(claimed, _HELD), _offered_to(person_id)), lost)


def release_role(actor: Actor, person_id: int, role_code: str, unit_id: int) -> None:
    """Gives back the orders that were assigned to the person by a role that has ended.

    Where the unit has no dispatcher any more, its staff above are told.
    """
    unit, at = get_unit(unit_id), now()

    def lost(order: Order) -> bool:
        return not holds(person_id, "orders.handle", order, at)

    assigned = and_(
        _HELD,
        Order.holder_id == person_id,
        Order.holder_kind.in_(ASSIGNED),
        or_(Order.handling_path.startswith(unit.path, autoescape=True), Order.grid_id == unit.id),
    )
    stop_helping(actor, person_id, lost)
    _release(actor, assigned, lost)
    if "orders.dispatch" in permissions_of(role_code) and unit.is_open:
        _report_missing_dispatcher(unit)


def release_all(actor: Actor, person_id: int) -> int:
    """Gives back all orders that the person holds and all offers to the person; answers how many."""
    stop_helping(actor, person_id, lambda _: True)
    return _release(actor, or_(_held_by(person_id), _offered_to(person_id)), lambda _: True)


def let_leave(actor: Actor, person_id: int, *, forced: bool) -> None:
    """Gives back the orders of a person who is about to be erased, and the offers to the person.

    Raises Conflict `person.holds_orders` where the person holds orders and `forced` is not set.
    """
    held = session.scalar(select(func.count()).select_from(Order).where(_held_by(person_id)))
    if held and not forced:
        raise Conflict(
            "person.holds_orders", f"手上还有{held}张工单没有办完，请先办完或退回，再注销。"
        )
    release_all(actor, person_id)


def return_all(actor: Actor) -> int:
    """Returns all orders that the actor has claimed and declines all offers; answers how many."""
    person_id = actor.own_id
    mine = and_(Order.holder_id == person_id, _HELD, Order.holder_kind.in_(CLAIMERS))
    both = or_(mine, _offered_to(person_id))
    found = session.execute(select(Order.id, Order.status).where(both).order_by(Order.id)).all()
    for order_id, status in found:
        give_back = decline_order if status is OrderStatus.DISPATCHED else return_order
        give_back(actor, order_id, reason=AWAY)
    return len(found)


def leave_unit(actor: Actor, unit_id: int, successor_unit_id: int | None) -> int:
    """Moves the unsettled orders of a unit that closes to its successor; answers how many.

    Of each open order the desk of the successor and the requester are told. Raises Conflict
    `unit.has_open_orders` where there are open orders and no successor.
    """
    unsettled = (
        select(Order)
        .where(Order.handling_unit_id == unit_id, Order.status.not_in(SETTLED))
        .order_by(Order.id)
    )
    orders = list(session.scalars(lock(unsettled)))
    if successor_unit_id is None:
        waiting = sum(order.status in OPEN for order in orders)
        if waiting:
            raise Conflict(
                "unit.has_open_orders", f"还有{waiting}张工单没有办完，请指定接手的单位。"
            )
        return 0
    successor = get_unit(successor_unit_id)
    for order in orders:
        _move(actor, order, successor)
    _move_what_hangs_on(unit_id, successor)
    return len(orders)


def _move(actor: Actor, order: Order, successor: Unit) -> None:
    order.follow_unit(now(), unit_id=successor.id, unit_path=successor.path)
    write(actor, order, note=f"因单位调整，转由{successor.name}办理。")
    if order.is_open:
        tell(order, "unit_closed", desk(order))
        tell(order, "transferred", requesters(order), unit=successor.name)


def _move_what_hangs_on(unit_id: int, successor: Unit) -> None:
    for column in (Order.attention_unit_id, Order.grid_id):
        left = update(Order).where(column == unit_id, Order.status.not_in(SETTLED))
        session.execute(left.values({column.key: successor.id}))
    asked = update(OrderRequest).where(
        OrderRequest.unit_id == unit_id, OrderRequest.state == RequestState.PENDING
    )
    session.execute(asked.values(unit_id=successor.id, unit_path=successor.path))


def follow_unit(actor: Actor, old_path: str, new_path: str) -> None:
    """Writes the new path of a unit that was moved in the tree into its orders and their requests."""
    # This is no act on an order; so no history row is written and the actor is not needed.
    del actor
    for column in (Order.handling_path, OrderRequest.unit_path):
        moved = update(column.class_).where(column.startswith(old_path, autoescape=True))
        path = literal(new_path) + func.substr(column, len(old_path) + 1)
        session.execute(moved.values({column.key: path}))


def attach_orders(actor: Actor, person_id: int, phone_index: str) -> int:
    """Makes a person the requester of the orders that staff entered for the person's phone.

    The person is told of each. Answers how many orders there were.
    """
    waiting = (
        select(Order)
        .where(
            Order.contact_index == phone_index,
            Order.requester_id.is_(None),
            Order.parent_id.is_(None),
            Order.source.not_in(BY_RESIDENTS),
            Order.status != OrderStatus.CANCELLED,
            or_(Order.holder_id.is_(None), Order.holder_id != person_id),
            or_(Order.offered_to_id.is_(None), Order.offered_to_id != person_id),
        )
        .order_by(Order.id)
    )
    orders = list(session.scalars(lock(waiting)))
    for order in orders:
        order.attach_to(now(), person_id)
        write(actor, order, note="已关联到居民的账号。", visible=False, on_word_of=person_id)
        tell(order, "attached", [person_id])
    return len(orders)


_HELD = Order.status.in_(HELD)


def _held_by(person_id: int) -> ColumnElement[bool]:
    """Orders that a person holds; not those that the account of an outside unit holds for the unit."""
    return and_(Order.holder_id == person_id, _HELD, Order.holder_kind != HandlerKind.PROVIDER)


def _offered_to(person_id: int) -> ColumnElement[bool]:
    return and_(Order.offered_to_id == person_id, Order.status == OrderStatus.DISPATCHED)


def _release(actor: Actor, which: ColumnElement[bool], lost: Callable[[Order], bool]) -> int:
    at = now()
    found = session.scalars(lock(select(Order).where(which).order_by(Order.id))).all()
    orders = [order for order in found if lost(order)]
    for order in orders:
        was_held = order.is_held
        order.release(at)
        write(actor, order, visible=False)
        pooled = order.status is OrderStatus.DISPATCHED
        tell(order, "released" if pooled else "returned", desk(order))
        if was_held:
            tell(order, "reassigned", requesters(order))
    return len(orders)


def _report_missing_dispatcher(unit: Unit) -> None:
    """Tells the dispatchers above and the administrators that an open unit has no dispatcher."""
    at = now()
    nearest = holders_of("orders.dispatch", unit.id)
    here = any(
        grant.unit_id == unit.id and "orders.dispatch" in grant.permissions
        for person_id in nearest
        for grant in grants_of(person_id, at)
    )
    people = [] if here else [*nearest, *holders_of("organisation.edit", unit.id)]
    if people:
        notify(people, "order.no_dispatcher", subject=("unit", unit.id), params={"unit": unit.name})
