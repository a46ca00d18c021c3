"""The lists of the orders behind a figure, so that each number leads to its orders."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import ColumnElement, and_, true

from app.deadlines.computing.states import Stage
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Invalid
from app.kernel.pages import Page
from app.kernel.periods import Period, named_period
from app.orders.access.visible import under
from app.orders.ticket.models import Order
from app.orders.views.lists import OrderFilter, narrowed_orders, page_of_orders
from app.organisation.queries import get_unit
from app.reports.queries.counted import Scope, orders_counted
from app.reports.states import Counted


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """A figure: the thing that it counts, its period, its stage and its reason of lateness.

    `period` is "2026-W47" or "2026-11"; None means all time. `late_reason` None means any; "none"
    means that no reason was given.
    """

    counted: Counted = Counted.DUE
    period: str | None = None
    stage: Stage = Stage.SOLVE
    late_reason: str | None = None

    @property
    def spoken(self) -> str:
        """The figure as a text for the audit."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return "，".join(f"{name}={value}" for name, value in given.items())


def page_of_counted(
    actor: Actor, figure: FigureFilter, wanted: OrderFilter, *, cursor: str | None, limit: int
) -> Page[Order]:
    """A page of the orders that the figure counts, narrowed by the other filters of `wanted`.

    The figure is about `wanted.unit_id` and the units below it, with `wanted.own` about this unit
    alone. Raises Invalid `period.unknown`, NotFound `not_found` for an unknown unit.
    """
    condition, rest = _condition(actor, figure, wanted)
    return page_of_orders(actor, rest, condition, cursor=cursor, limit=limit)


def ids_of_counted(
    actor: Actor, figure: FigureFilter, wanted: OrderFilter, *, most: int
) -> list[int]:
    """The ids of all orders on the pages of `page_of_counted`, sorted, but only the `most` lowest ids.

    Raises what `page_of_counted` raises.
    """
    condition, rest = _condition(actor, figure, wanted)
    counted, values = narrowed_orders(actor, rest, condition)
    statement = counted.with_only_columns(Order.id).order_by(Order.id).limit(most)
    return list(session.scalars(statement, values))


def _condition(
    actor: Actor, figure: FigureFilter, wanted: OrderFilter
) -> tuple[ColumnElement[bool], OrderFilter]:
    """The figure as a condition, and the other filters.

    Only orders of units where the actor has `orders.see` count, so that a resident cannot learn
    about lateness.
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
    """The week or month with this name; raises Invalid `period.unknown`."""
    try:
        return named_period(name)
    except ValueError as wrong:
        told = "没有这一周或这个月，请写成 2026-W47 或 2026-11。"
        raise Invalid("period.unknown", told, errors={"period": [told]}) from wrong
