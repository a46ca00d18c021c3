"""The orders behind a figure: each number leads to its list."""

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, true

from app.deadlines.computing.states import Stage
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Invalid
from app.kernel.pages import Page
from app.kernel.periods import Period, named_period
from app.orders.ticket.models import Order
from app.orders.ticket.visible import under, visible_orders
from app.orders.views.lists import OrderFilter, page_of_orders
from app.organisation.queries import get_unit
from app.reports.queries.counted import Scope, orders_counted
from app.reports.states import Counted


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Which figure: what it counts, of which period and stage, and for which reason of lateness.

    `period` is "2026-W47" or "2026-11"; None is all time. `late_reason` "none": no reason was given.
    """

    counted: Counted = Counted.DUE
    period: str | None = None
    stage: Stage = Stage.SOLVE
    late_reason: str | None = None


def page_of_counted(
    actor: Actor, figure: FigureFilter, wanted: OrderFilter, *, cursor: str | None, limit: int
) -> Page[Order]:
    """A page of the orders that the figure counts, narrowed by the other filters.

    The figure is that of `wanted.unit_id` and the units below it, or with `wanted.own` of that unit
    alone. Raises Invalid `period.unknown`, NotFound for an unknown unit.
    """
    condition, rest = _condition(actor, figure, wanted)
    return page_of_orders(actor, rest, condition, cursor=cursor, limit=limit)


def ids_of_counted(
    actor: Actor, figure: FigureFilter, wanted: OrderFilter, *, most: int
) -> list[int]:
    """The ids of those orders, at most `most` of them, in the order of their ids."""
    condition, rest = _condition(actor, figure, wanted)
    visible, values = visible_orders(actor)
    del rest
    statement = visible.where(condition).with_only_columns(Order.id).order_by(Order.id).limit(most)
    return list(session.scalars(statement, values))


def _condition(
    actor: Actor, figure: FigureFilter, wanted: OrderFilter
) -> tuple[ColumnElement[bool], OrderFilter]:
    """The figure as a condition, and the filters that are left.

    Only orders of the actor's own units count: a resident learns nothing about lateness.
    """
    scope = Scope(
        now(),
        None if wanted.unit_id is None else get_unit(wanted.unit_id).path,
        None if figure.period is None else _asked_period(figure.period),
        is_own=bool(wanted.own),
    )
    counted = orders_counted(scope, figure.counted, figure.stage, figure.late_reason)
    seen = true() if actor.is_system else under(Order.handling_path, actor.paths("orders.see"))
    return and_(Order.id.in_(counted), seen), replace(wanted, unit_id=None, own=None)


def _asked_period(name: str) -> Period:
    """The week or month of that name, or Invalid `period.unknown`."""
    try:
        return named_period(name)
    except ValueError as wrong:
        told = "没有这一周或这个月，请写成 2026-W47 或 2026-11。"
        raise Invalid("period.unknown", told, errors={"period": [told]}) from wrong
