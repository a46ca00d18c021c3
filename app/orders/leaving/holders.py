"""Gives orders back or moves them when their holder goes away, or the unit that handles them."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, update

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict
from app.notifications.service import notify
from app.orders.access.policy import POLICY, WORKING, is_holder, is_offered, reaches
from app.orders.asking.service import WORDS
from app.orders.giving.helping import stop_helping
from app.orders.giving.service import keep_account
from app.orders.handling.service import decline_order, return_order
from app.orders.record.core import write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order, OrderAssignee, OrderFollower, OrderRequest
from app.orders.ticket.states import (
    ASKED_BY,
    CLAIMERS,
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
from app.people.queries import grants_of, holders_of, permissions_of

BY_RESIDENTS = frozenset({Source.MINI_PROGRAM, Source.H5})
AWAY = "暂不接单。"


def release_groundless(actor: Actor, person_id: int) -> int:
    """Gives back what the person may no longer have by the grants of this moment.

    These are orders that he or she holds, offers, orders that he or she helps with, and requests that
    wait for an answer. An outside unit keeps its order without the account. Answers how many orders
    and offers there were.
    """
    return _release(actor, Actor(person_id, "", grants_of(person_id, now())))


def release_role(actor: Actor, person_id: int, role_code: str, unit_id: int) -> None:
    """Gives back what the person had by a role that has ended.

    Where the unit has no dispatcher any more, its staff above are told.
    """
    who = Actor(person_id, "", grants_of(person_id, now()))
    _release(actor, who)
    unit, gone = get_unit(unit_id), permissions_of(role_code)
    if "orders.lead" in gone and not who.may_somewhere("orders.lead"):
        _stop_leading(person_id)
    if "orders.dispatch" in gone and unit.is_open:
        _report_missing_dispatcher(unit)


def release_all(actor: Actor, person_id: int) -> int:
    """Gives back all that the person holds, was offered or asked for; answers how many orders."""
    released = _release(actor, Actor(person_id, ""))
    _lapse_asked(actor, person_id, lambda request, order: True)
    _stop_following(person_id)
    return released


def keep_accounts(actor: Actor, provider_id: int, earlier_id: int | None) -> None:
    """The outside unit has another account, or none: its held orders go to the new one, or have none.

    Requests of the earlier account, `earlier_id`, lapse.
    """
    held = select(Order).where(Order.provider_id == provider_id, _HELD).order_by(Order.id)
    for order in session.scalars(lock(held)).all():
        keep_account(actor, order)
    if earlier_id is not None:
        release_groundless(actor, earlier_id)


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
    """Writes the new path of a unit that was moved in the tree into its orders and their requests.

    The new path is no act on an order, so no history row is written. People whose rights came from
    above the unit have lost them there, and give back what they have.
    """
    for column in (Order.handling_path, Order.parent_path, OrderRequest.unit_path):
        moved = update(column.class_).where(column.startswith(old_path, autoescape=True))
        path = literal(new_path) + func.substr(column, len(old_path) + 1)
        session.execute(moved.values({column.key: path}))
    for person_id in _at_work_under(new_path):
        release_groundless(actor, person_id)


def _at_work_under(path: str) -> list[int]:
    """Ids of people who hold, help with or were offered orders of the subtree, or wait for an answer."""
    orders = select(Order.id).where(
        Order.handling_path.startswith(path, autoescape=True), Order.status.in_(OPEN)
    )
    ways = (
        select(Order.holder_id).where(Order.id.in_(orders), _HELD),
        select(Order.offered_to_id).where(Order.id.in_(orders)),
        select(OrderAssignee.person_id).where(
            OrderAssignee.order_id.in_(orders), OrderAssignee.until.is_(None)
        ),
        select(OrderRequest.asked_by_id).where(
            OrderRequest.order_id.in_(orders), OrderRequest.state == RequestState.PENDING
        ),
    )
    found = {person_id for way in ways for person_id in session.scalars(way)}
    return sorted(person_id for person_id in found if person_id is not None)


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


def _release(actor: Actor, who: Actor) -> int:
    """Gives back whatever the rules deny to `who`: a person with the grants that are left."""
    person_id = who.own_id
    _lapse_asked(
        actor, person_id, lambda request, order: not POLICY[ASKED_BY[request.kind]](who, order)
    )
    stop_helping(
        actor,
        person_id,
        lambda order: not any(reaches(who.grants, one, order) for one in WORKING),
    )
    at = now()
    mine = or_(and_(Order.holder_id == person_id, _HELD), _offered_to(person_id))
    found = session.scalars(lock(select(Order).where(mine).order_by(Order.id))).all()
    orders = [order for order in found if not (is_holder(who, order) or is_offered(who, order))]
    for order in orders:
        if order.holder_kind is HandlerKind.PROVIDER:
            keep_account(actor, order)
        else:
            _give_back(actor, order, at)
    return len(orders)


def _give_back(actor: Actor, order: Order, at: datetime) -> None:
    was_held = order.is_held
    order.release(at)
    write(actor, order, visible=False)
    pooled = order.status is OrderStatus.DISPATCHED
    tell(order, "released" if pooled else "returned", desk(order))
    if was_held:
        tell(order, "reassigned", requesters(order))


def _lapse_asked(actor: Actor, person_id: int, lost: Callable[[OrderRequest, Order], bool]) -> None:
    """Lapses the pending requests of the person that `lost` names; the desk may ask again."""
    waits = and_(OrderRequest.asked_by_id == person_id, OrderRequest.state == RequestState.PENDING)
    asked = select(OrderRequest.order_id).where(waits)
    at = now()
    for order in session.scalars(
        lock(select(Order).where(Order.id.in_(asked)).order_by(Order.id))
    ).all():
        requests = select(OrderRequest).where(OrderRequest.order_id == order.id, waits)
        for request in session.scalars(lock(requests.order_by(OrderRequest.id))).all():
            if not lost(request, order):
                continue
            order.lapse_request(at, request)
            write(actor, order, visible=False)
            tell(order, "request_void", desk(order), what=WORDS[request.kind])


def _stop_following(person_id: int) -> None:
    """The person joined orders (附议), and hears of them no longer."""
    session.execute(delete(OrderFollower).where(OrderFollower.person_id == person_id))


def _stop_leading(person_id: int) -> None:
    """The person followed orders of the green channel as a leader, and is a leader no longer."""
    followed = update(Order).where(Order.follower_id == person_id, Order.status.not_in(SETTLED))
    session.execute(followed.values(follower_id=None))


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
