"""The zero list (销号清单): orders that are tracked until they are closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, select

from app.categories.queries import names_of as category_names
from app.deadlines.computing.states import DeadlineState, Stage
from app.deadlines.standing.models import Deadline
from app.kernel.actor import Actor
from app.kernel.clock import local_date, now
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.kernel.pages import Key, Page, paginate
from app.kernel.periods import month_of
from app.orders.access.visible import orders_visible_to
from app.orders.ticket.models import Order
from app.orders.ticket.states import OrderStatus
from app.orders.views.lists import of_unit
from app.organisation.queries import get_unit

_DEADLINES = table_of(Deadline)
_RUNNING = (DeadlineState.OPEN, DeadlineState.PAUSED)


@dataclass(frozen=True, slots=True)
class Tracked:
    """An order on the zero list.

    `is_reported` tells whether this month's report on its plan is there; None without a plan.
    `report_due_at` is the date of the next report; None without a plan or without a date.
    """

    order: Order
    category: dict[str, Any] | None
    unit: dict[str, Any]
    is_reported: bool | None
    report_due_at: datetime | None


def page_of_tracked(
    actor: Actor, *, unit_id: int | None, planned: bool | None, cursor: str | None, limit: int
) -> Page[Tracked]:
    """A page of the visible orders whose stage `zero` is running, the oldest first.

    A merged order is not listed; the order that it was merged into stands for it. `planned` True
    keeps orders with a dated plan, False orders without one, None both. Raises NotFound `not_found`
    for an unknown unit.
    """
    runs = exists().where(
        _DEADLINES.c.subject_kind == "order",
        _DEADLINES.c.subject_id == Order.id,
        _DEADLINES.c.round == Order.round,
        _DEADLINES.c.stage == Stage.ZERO,
        _DEADLINES.c.state.in_(_RUNNING),
    )
    statement = orders_visible_to(actor).where(runs, Order.status != OrderStatus.MERGED)
    if unit_id is not None:
        statement = statement.where(of_unit(unit_id, is_own=False))
    if planned is not None:
        has_plan = Order.planned_until.is_not(None)
        statement = statement.where(has_plan if planned else ~has_plan)
    keys = [Key(Order.submitted_at), Key(Order.id)]
    page = paginate(statement, keys, cursor=cursor, limit=limit)
    return Page(_tracked(page.items), page.next_cursor)


def _tracked(orders: Sequence[Order]) -> list[Tracked]:
    categories = category_names({o.category_id for o in orders if o.category_id is not None})
    reports = _reports([order.id for order in orders if order.planned_until is not None])
    return [
        Tracked(
            order,
            _named(order.category_id, categories),
            {"id": order.handling_unit_id, "name": get_unit(order.handling_unit_id).name},
            *reports.get(order.id, (None, None)),
        )
        for order in orders
    ]


def _named(category_id: int | None, names: dict[int, str]) -> dict[str, Any] | None:
    return None if category_id is None else {"id": category_id, "name": names[category_id]}


def _reports(order_ids: Sequence[int]) -> dict[int, tuple[bool, datetime | None]]:
    """For planned orders by id: whether there was a report this month, and the next report's date."""
    found: dict[int, tuple[bool, datetime | None]] = dict.fromkeys(order_ids, (False, None))
    this_month = month_of(local_date(now()))
    rows = session.execute(
        select(_DEADLINES.c.subject_id, _DEADLINES.c.met_at, _DEADLINES.c.due_at)
        .join(Order, and_(Order.id == _DEADLINES.c.subject_id, Order.round == _DEADLINES.c.round))
        .where(
            _DEADLINES.c.subject_kind == "order",
            _DEADLINES.c.subject_id.in_(order_ids),
            _DEADLINES.c.stage == Stage.MONTHLY,
            _DEADLINES.c.state.in_((*_RUNNING, DeadlineState.MET)),
        )
    )
    for order_id, met_at, due_at in rows:
        is_reported, next_due = found[order_id]
        if met_at is None:
            next_due = due_at
        found[order_id] = (
            is_reported or (met_at is not None and met_at >= this_month.start),
            next_due,
        )
    return found
