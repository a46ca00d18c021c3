"""The orders that an actor may see; every read starts here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.database import notes, session
from app.kernel.database.fast.rows import fetch
from app.kernel.errors import not_found
from app.orders.access.policy import is_helper, is_holder, is_staff_of
from app.orders.ticket.models import (
    Order,
    OrderAssignee,
    OrderEvent,
    OrderEventContent,
    OrderFollower,
    OrderRequest,
)
from app.orders.ticket.states import (
    OPEN,
    TABLE,
    Action,
    Beyond,
    ContentState,
    DispatchMode,
    OrderStatus,
    RequestState,
)


def under(column: InstrumentedAttribute[str], paths: tuple[str, ...]) -> ColumnElement[bool]:
    """Rows whose unit path lies in one of the subtrees with these paths; none without paths."""
    # Paths consist of digits and strokes, so there is nothing to escape.
    return or_(false(), *(column.startswith(path) for path in paths))


def of_staff(actor: Actor) -> ColumnElement[bool]:
    """Orders in the subtrees and in the grids (网格) where the actor has `orders.see`."""
    pairs = zip(actor.roots("orders.see"), actor.paths("orders.see"), strict=True)
    # The handling unit must hold the grid: an order that was transferred is no longer the grid's.
    in_grids = [
        and_(
            Order.grid_id == grid_id,
            func.substr(path, 1, func.length(Order.handling_path)) == Order.handling_path,
        )
        for grid_id, path in pairs
    ]
    return or_(under(Order.handling_path, actor.paths("orders.see")), *in_grids)


def _staff(actor: Actor) -> ColumnElement[bool]:
    seen = of_staff(actor)
    secret = under(Order.handling_path, actor.paths("orders.see_sensitive"))
    # A person who is paged must be able to acknowledge the order.
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
    # A person who completed the order may read on; a person who gave it back or lost it may not.
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
    """Orders in the pools from which the actor may claim; never sensitive ones."""
    return and_(
        Order.status == OrderStatus.DISPATCHED,
        Order.mode == DispatchMode.POOL,
        Order.sensitive.is_(False),
        under(Order.handling_path, actor.paths("orders.claim")),
    )


def orders_visible_to(actor: Actor) -> Select[Order]:
    """A statement for the orders that the actor may see; the program itself sees all."""
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
    """A statement for the open orders that the actor may join (附议).

    They are about a public place, neither anonymous nor sensitive, their content is checked, and the
    actor has not placed them.
    """
    return select(Order).where(
        Order.status.in_(OPEN),
        Order.public_place,
        Order.anonymous.is_(False),
        Order.sensitive.is_(False),
        Order.content_state == ContentState.PASSED,
        or_(Order.requester_id.is_(None), Order.requester_id != actor.own_id),
        or_(Order.placer_id.is_(None), Order.placer_id != actor.own_id),
    )


def _claimable_by(actor: Actor) -> Select[Order]:
    # A member who saw an order in the pool gets 409 and not 404 when another has just claimed it.
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
    Beyond.POOL: _claimable_by,
    Beyond.PUBLIC: orders_joinable_by,
    Beyond.FOLLOWED: _followed_by,
}


_ASKED_FOR = (
    "orders.see",
    "orders.see_sensitive",
    "orders.acknowledge",
    "orders.dispatch",
    "orders.claim",
)
# The number of an actor's subtrees for each of these, and 1 if he or she manages orders anywhere.
_Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Anybody:
    """Stands for all actors of one shape, while a statement for them is built once."""

    shape: _Shape
    own_id = bindparam("person_id", type_=BigInteger)
    is_system = False

    def may_somewhere(self, permission: str) -> bool:
        """Whether such actors hold the permission at one unit or more."""
        return bool(self.shape[-1] if permission == "orders.manage" else self.paths(permission))

    def paths(self, permission: str) -> tuple[BindParameter[str], ...]:
        """One parameter for the path of each unit at which such actors hold the permission."""
        number = _ASKED_FOR.index(permission)
        return tuple(
            bindparam(f"path_{number}_{i}", type_=String) for i in range(self.shape[number])
        )

    def roots(self, permission: str) -> tuple[BindParameter[int], ...]:
        """As `Actor.roots`, with one parameter for each unit."""
        number = _ASKED_FOR.index(permission)
        return tuple(
            bindparam(f"root_{number}_{i}", type_=BigInteger) for i in range(self.shape[number])
        )


@lru_cache(maxsize=1024)
def _one_visible(shape: _Shape, action: Action | None) -> tuple[Select[Order], ...]:
    """The statements for one order, in the order in which they are tried.

    Kept, because building them takes longer than running them.
    """
    anybody = cast(Actor, _Anybody(shape))
    beyond = TABLE[action].beyond if action else ()
    ways = (orders_visible_to, *(_WIDER[name] for name in beyond))
    return tuple(way(anybody).where(Order.id == bindparam("order_id")) for way in ways)


@lru_cache(maxsize=1024)
def _one_reachable(shape: _Shape, action: Action) -> tuple[Select[int], ...]:
    """The same statements with the id alone, to learn only whether there is such an order."""
    return tuple(way.with_only_columns(Order.id) for way in _one_visible(shape, action))


@lru_cache(maxsize=1024)
def _all_visible(shape: _Shape) -> Select[Order]:
    return orders_visible_to(cast(Actor, _Anybody(shape)))


@lru_cache(maxsize=256)
def _shape_of(actor: Actor) -> tuple[_Shape, Mapping[str, Any]]:
    """The shape of the actor's grants, and the values for a statement that was built for it."""
    paths = [actor.paths(permission) for permission in _ASKED_FOR]
    values: dict[str, Any] = {
        f"path_{n}_{i}": path for n, held in enumerate(paths) for i, path in enumerate(held)
    }
    seen = _ASKED_FOR.index("orders.see")
    for i, unit_id in enumerate(actor.roots("orders.see")):
        values[f"root_{seen}_{i}"] = unit_id
    values["person_id"] = actor.own_id
    manages = int(actor.may_somewhere("orders.manage"))
    return (*map(len, paths), manages), MappingProxyType(values)


def visible_orders(actor: Actor) -> tuple[Select[Order], dict[str, Any]]:
    """As `orders_visible_to`, but built once for each shape of grants, and the values to run it with."""
    if actor.is_system:
        return orders_visible_to(actor), {}
    shape, values = _shape_of(actor)
    return _all_visible(shape), dict(values)


def _find(actor: Actor, order_id: int, action: Action | None) -> Order:
    statements: Sequence[Select[Order]] = (_BY_ID,)
    values: Mapping[str, Any] = {}
    if not actor.is_system:
        shape, values = _shape_of(actor)
        statements = _one_visible(shape, action)
    for statement in statements:
        found = session.scalars(statement, {**values, "order_id": order_id}).one_or_none()
        if found is not None:
            return found
    raise not_found()


_BY_ID = select(Order).where(Order.id == bindparam("order_id"))


def get_visible(actor: Actor, order_id: int) -> Order:
    """The order, if the actor may see it; raises NotFound `not_found`."""
    return _find(actor, order_id, None)


def get_for_action(actor: Actor, order_id: int, action: Action) -> Order:
    """As `get_visible`; a few actions also reach orders that the actor does not see otherwise."""
    return _find(actor, order_id, action)


def check_reach(actor: Actor, order_id: int, action: Action) -> None:
    """Raises NotFound `not_found` where `get_for_action` would not find the order.

    Checked once in a transaction; the verb decides on the locked row.
    """
    asked, noted = (actor.person_id, order_id, action), notes()
    if actor.system_name is not None or asked in noted:
        return
    shape, values = _shape_of(actor)
    for way in _one_reachable(shape, action):
        if fetch(way, {**values, "order_id": order_id}):
            noted[asked] = True
            return
    raise not_found()


def events_visible_to(actor: Actor, order: Order) -> Select[OrderEvent]:
    """A statement for the history: all rows for staff, handler and helpers, for others `visible` ones."""
    statement = select(OrderEvent).where(OrderEvent.order_id == order.id)
    handles = is_holder(actor, order) or is_helper(actor, order)
    if actor.is_system or handles or is_staff_of(actor, order):
        return statement
    return statement.where(OrderEvent.visible)


def contents_of(events: Iterable[OrderEvent]) -> dict[int, OrderEventContent]:
    """The words, pictures and details of history rows, by event id; erased ones are missing."""
    ids = [event.id for event in events]
    rows = session.scalars(select(OrderEventContent).where(OrderEventContent.event_id.in_(ids)))
    return {row.event_id: row for row in rows}
