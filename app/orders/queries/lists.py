"""Lists of orders: filters, orders of rows, the counter of changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.categories.queries import with_leaves
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import LOCAL, now
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import session
from app.kernel.errors import Invalid, not_found
from app.kernel.pages import Key, Page, paginate
from app.orders.models import Order, OrderEvent
from app.orders.queries.visible import events_visible_to, in_pool, orders_visible_to, under
from app.orders.states import OPEN, ContentState, OrderStatus
from app.organisation.queries import get_unit

# A transaction may be this long under way before its history row is counted as seen.
LATE_ROWS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What a list is narrowed to; None and empty mean everything."""

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


def page_of_orders(
    actor: Actor, wanted: OrderFilter, *, cursor: str | None, limit: int
) -> Page[Order]:
    """Visible orders, narrowed; green channel first and newest, or by due date."""
    statement = orders_visible_to(actor)
    for condition in _conditions(actor, wanted):
        statement = statement.where(condition)
    return paginate(statement, _keys(wanted.sort), cursor=cursor, limit=limit)


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
        found.append(_of_unit(wanted.unit_id))
    if wanted.mine is not None:
        found.append(_mine(actor, wanted.mine))
    if wanted.overdue is not None:
        late = and_(Order.status.in_(OPEN), Order.next_due_at < now())
        found.append(late if wanted.overdue else or_(Order.next_due_at.is_(None), ~late))
    if wanted.q:
        found.append(_matching(actor, wanted.q))
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
    return found


def _of_unit(unit_id: int) -> ColumnElement[bool]:
    """The unit's and everything below; a unit watches what its attention was raised to."""
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


def _matching(actor: Actor, q: str) -> ColumnElement[bool]:
    """Words of the description, the number, or for staff an exact phone; names are not searchable."""
    if len(q) < 2:
        raise Invalid(
            "search.too_short", "请至少输入两个字。", errors={"q": ["请至少输入两个字。"]}
        )
    # Nobody finds words that he may not read.
    readable = or_(
        Order.content_state == ContentState.PASSED,
        Order.requester_id == actor.person_id,
        Order.placer_id == actor.person_id,
        under(Order.handling_path, actor.paths("orders.see")),
    )
    ways = [and_(readable, Order.description.contains(q, autoescape=True))]
    if q.isascii() and q.isdigit():
        ways += _by_digits(actor, q)
    return or_(*ways)


def _by_digits(actor: Actor, digits: str) -> list[ColumnElement[bool]]:
    ways = _by_number(digits)
    if actor.may_somewhere("orders.see"):
        try:
            phone = and_(
                Order.contact_index == blind_index(normalise_phone(digits)),
                under(Order.handling_path, actor.paths("orders.see")),
            )
        except Invalid:
            return ways
        # Whose an anonymous one is the dispatcher alone knows.
        known = under(Order.handling_path, actor.paths("orders.manage"))
        ways.append(and_(phone, or_(Order.anonymous.is_(False), known)))
    return ways


def _by_number(digits: str) -> list[ColumnElement[bool]]:
    """The number is the local day of the placing and the id, of six digits or more."""
    if not 12 <= len(digits) <= 24:
        return []
    try:
        day = datetime.strptime(digits[:6], "%y%m%d").replace(tzinfo=LOCAL)
    except ValueError:
        return []
    placed = and_(Order.submitted_at >= day, Order.submitted_at < day + timedelta(days=1))
    return [and_(Order.id == int(digits[6:]), placed)]


def page_of_events(
    actor: Actor, order: Order, *, cursor: str | None, limit: int
) -> Page[OrderEvent]:
    """The history of an order, oldest first."""
    return paginate(
        events_visible_to(actor, order), [Key(OrderEvent.seq)], cursor=cursor, limit=limit
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """How many history rows a unit has had after `after`, and where to ask from next."""

    after: int
    count: int


def changes_of(actor: Actor, unit_id: int, after: int) -> Changes:
    """For boards that ask every few seconds whether to load again.

    Rows of the last ten seconds are counted again on the next call, because one that commits late has
    a lower id than one already seen.
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
