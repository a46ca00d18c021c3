"""Lists of orders with their filters and sortings, and the counter of changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.categories.queries import with_leaves
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.among import among_values
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.orders.access.visible import (
    events_visible_to,
    in_pool,
    orders_visible_to,
    under,
    visible_orders,
)
from app.orders.ticket.models import Order, OrderEvent
from app.orders.ticket.states import ASK_UNANSWERED_AFTER, OPEN, OrderStatus
from app.orders.views.searching import matching
from app.organisation.queries import get_unit

# A transaction may commit its history row this long after it has drawn the row's id.
LATE_ROWS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The filters of a list; all must hold, and a filter that is None or empty admits everything.

    `mine` is "placed", "claimed" or "pool"; `sort` is "newest" or "due"; `own` leaves out the units
    below `unit_id`; `until` is exclusive.
    """

    status: Sequence[OrderStatus] = ()
    unit_id: int | None = None
    category_id: Sequence[int] = ()
    urgency: Sequence[Urgency] = ()
    mine: str | None = None
    overdue: bool | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sort: str | None = None
    own: bool | None = None
    ids: Sequence[int] | None = None


def page_of_orders(
    actor: Actor,
    wanted: OrderFilter,
    *conditions: ColumnElement[bool],
    cursor: str | None,
    limit: int,
) -> Page[Order]:
    """A page of the visible orders that the filters and the conditions admit.

    Without `sort` orders of the green channel come first, then the newest. Raises NotFound
    `not_found` for an unknown unit, Invalid `search.too_short`, `cursor.invalid`.
    """
    narrowed, values = narrowed_orders(actor, wanted, *conditions)
    return paginate(narrowed, _keys(wanted.sort), cursor=cursor, limit=limit, values=values)


def count_of_orders(actor: Actor, wanted: OrderFilter, *, most: int) -> int:
    """The number of orders on all pages of the list, or `most` where there are more."""
    narrowed, values = narrowed_orders(actor, wanted)
    some = narrowed.with_only_columns(Order.id).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some), values) or 0


def narrowed_orders(
    actor: Actor, wanted: OrderFilter, *conditions: ColumnElement[bool]
) -> tuple[Select[Order], dict[str, Any]]:
    """A statement for the visible orders that the filters and the conditions admit, unsorted.

    The second value holds the parameters with which it must be run. Raises NotFound `not_found` for
    an unknown unit, Invalid `search.too_short`.
    """
    visible, values = visible_orders(actor)
    return visible.where(*_conditions(actor, wanted), *conditions), values


def _keys(sort: str | None) -> list[Key]:
    if sort == "due":
        return [Key(Order.sort_due_at), Key(Order.id)]
    if sort == "newest":
        return [Key(Order.submitted_at, desc=True), Key(Order.id, desc=True)]
    return [
        Key(Order.green_channel, desc=True),
        Key(Order.submitted_at, desc=True),
        Key(Order.id, desc=True),
    ]


def _conditions(actor: Actor, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    found = _exact(wanted)
    if wanted.unit_id is not None:
        found.append(of_unit(wanted.unit_id, is_own=bool(wanted.own)))
    if wanted.mine is not None:
        found.append(_mine(actor, wanted.mine))
    if wanted.overdue is not None:
        late = and_(Order.status.in_(OPEN), Order.next_due_at < now())
        found.append(late if wanted.overdue else or_(Order.next_due_at.is_(None), ~late))
    if wanted.q:
        found.append(matching(actor, wanted.q))
    return found


def _exact(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status:
        found.append(Order.status.in_(wanted.status))
    if wanted.category_id:
        found.append(Order.category_id.in_(with_leaves(wanted.category_id)))
    if wanted.urgency:
        found.append(Order.urgency.in_(wanted.urgency))
    if wanted.since is not None:
        found.append(Order.submitted_at >= wanted.since)
    if wanted.until is not None:
        found.append(Order.submitted_at < wanted.until)
    if wanted.ids is not None:
        found.append(among_values(Order.id, wanted.ids))
    return found


def of_unit(unit_id: int, *, is_own: bool) -> ColumnElement[bool]:
    """Orders that the unit or a unit below it handles, and those that the unit watches (督办).

    With `is_own` only those that the unit itself handles.
    """
    if is_own:
        return Order.handling_unit_id == unit_id
    path = get_unit(unit_id).path
    return or_(
        Order.handling_path.startswith(path, autoescape=True), Order.attention_unit_id == unit_id
    )


def _mine(actor: Actor, mine: str) -> ColumnElement[bool]:
    person_id = actor.own_id
    if mine == "placed":
        return or_(Order.requester_id == person_id, Order.placer_id == person_id)
    if mine == "claimed":
        return or_(
            Order.holder_id == person_id,
            and_(Order.offered_to_id == person_id, Order.status == OrderStatus.DISPATCHED),
        )
    return in_pool(actor)


def list_unanswered_asks(actor: Actor, *, cursor: str | None, limit: int) -> Page[Order]:
    """A page of visible orders whose question (请补充) has had no answer for a day, by id.

    Only orders where the actor has `orders.dispatch`. Raises Invalid `cursor.invalid`.
    """
    statement = orders_visible_to(actor).where(
        under(Order.handling_path, actor.paths("orders.dispatch")),
        Order.status.in_((OrderStatus.SUBMITTED, OrderStatus.DISPATCHED)),
        Order.asked_at <= now() - ASK_UNANSWERED_AFTER,
    )
    return paginate(statement, [Key(Order.id)], cursor=cursor, limit=limit)


def page_of_events(
    actor: Actor, order: Order, *, cursor: str | None, limit: int
) -> Page[OrderEvent]:
    """A page of the history rows that the actor may see, oldest first; Invalid `cursor.invalid`."""
    return paginate(
        events_visible_to(actor, order), [Key(OrderEvent.seq)], cursor=cursor, limit=limit
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """The number of new history rows of a unit, and in `after` the id to ask with next time."""

    after: int
    count: int


def changes_of(actor: Actor, unit_id: int, after: int) -> Changes:
    """The number of history rows of the unit with ids above `after`; a board asks whether to reload.

    Rows of the last ten seconds are counted again by the next call, because a row that is committed
    late has a lower id than a row already seen. Raises NotFound without `orders.see` at the unit.
    """
    unit = get_unit(unit_id)
    if not actor.may("orders.see", unit.path):
        raise not_found()
    rows: Select[int] = select(func.count()).where(
        OrderEvent.unit_id == unit_id, OrderEvent.id > after
    )
    settled = select(func.max(OrderEvent.id)).where(
        OrderEvent.unit_id == unit_id,
        OrderEvent.id > after,
        OrderEvent.recorded_at < now() - LATE_ROWS,
    )
    return Changes(session.scalar(settled) or after, session.scalar(rows) or 0)
