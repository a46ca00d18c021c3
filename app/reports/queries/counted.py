"""What figures count and lists can be narrowed to: stages that fell due, answers, closes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select, true

from app.deadlines.computing.states import DeadlineState, Stage
from app.deadlines.standing.late import fell_due
from app.deadlines.standing.models import Deadline
from app.kernel.database.fast.rows import table_of
from app.kernel.periods import Period
from app.orders.ticket.models import Order, OrderRating
from app.orders.ticket.states import CloseKind, OrderStatus
from app.orders.ticket.visible import under
from app.reports.states import LATE, OUTCOMES, WITHOUT_REASON, Counted, Outcome

DEADLINES, ORDERS, RATINGS = table_of(Deadline), table_of(Order), table_of(OrderRating)
_MERGED = ORDERS.c.status == OrderStatus.MERGED
# Whoever answers first has done one of these.
_RESPONSES = (Stage.ACKNOWLEDGE, Stage.ARRANGE, Stage.CONTACT)
_FIRST_LATE = OUTCOMES.index(Outcome.MET_LATE)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where and when: a subtree, or `is_own` that unit alone; None is everywhere, always.

    `cleared`: the subtrees whose confidential orders count too; None: all of them.
    """

    at: datetime
    path: str | None = None
    period: Period | None = None
    is_own: bool = False
    cleared: tuple[str, ...] | None = None

    def within(self, moment: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether that moment lies in the period."""
        if self.period is None:
            return true()
        return and_(moment >= self.period.start, moment < self.period.end)

    def here(self, unit_path: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether that path lies in the subtree, and the order may be counted."""
        found: ColumnElement[bool] = true()
        if self.path is not None:
            found = unit_path == self.path if self.is_own else unit_path.startswith(self.path)
        if self.cleared is None:
            return found
        return and_(
            found, or_(ORDERS.c.sensitive.is_(False), under(Order.handling_path, self.cleared))
        )


def runs(scope: Scope, *dimensions: ColumnElement[Any]) -> Select[Any]:
    """Stages that fell due in the scope, a row for each time that one ran.

    Columns: `subject_id`, `stage`, `outcome` (as a place in OUTCOMES), `late_reason`, and those that
    are given.
    """
    in_time = and_(DEADLINES.c.state == DeadlineState.MET, DEADLINES.c.met_at <= DEADLINES.c.due_at)
    again = and_(DEADLINES.c.stage == Stage.SOLVE, ORDERS.c.round > DEADLINES.c.round)
    ended = or_(DEADLINES.c.state == DeadlineState.DROPPED, _MERGED)
    places = {outcome: place for place, outcome in enumerate(OUTCOMES)}
    outcome = case(
        (and_(in_time, again), places[Outcome.REFUSED]),
        (in_time, places[Outcome.ON_TIME]),
        (DEADLINES.c.state == DeadlineState.MET, places[Outcome.MET_LATE]),
        (ended, places[Outcome.ENDED_LATE]),
        else_=places[Outcome.OPEN_LATE],
    )
    return (
        select(
            DEADLINES.c.subject_id,
            DEADLINES.c.stage,
            outcome.label("outcome"),
            DEADLINES.c.late_reason,
            *dimensions,
        )
        .join(ORDERS, ORDERS.c.id == DEADLINES.c.subject_id)
        .where(
            DEADLINES.c.subject_kind == "order",
            scope.here(DEADLINES.c.unit_path),
            scope.within(DEADLINES.c.due_at),
            fell_due(scope.at),
        )
    )


def by_order(found: Select[Any], *dimensions: str) -> Subquery:
    """Those rows a stage and an order: the worst outcome counts, and any reason that was given."""
    rows = found.subquery()
    kept = [rows.c[name] for name in (*dimensions, "stage", "subject_id")]
    return (
        select(
            *kept,
            func.max(rows.c.outcome).label("outcome"),
            func.max(rows.c.late_reason).label("late_reason"),
        )
        .group_by(*kept)
        .subquery()
    )


def responses(scope: Scope) -> Subquery:
    """Orders whose first answer fell due: each order's worst outcome of acknowledging, arranging and
    getting in touch, as they ran the first time."""
    rows = (
        runs(scope)
        .where(DEADLINES.c.stage.in_(_RESPONSES), DEADLINES.c.round == 1, DEADLINES.c.turn == 1)
        .subquery()
    )
    return (
        select(rows.c.subject_id, func.max(rows.c.outcome).label("outcome"))
        .group_by(rows.c.subject_id)
        .subquery()
    )


def ratings(scope: Scope) -> Select[Any]:
    """What residents said in the scope, themselves or when they were called."""
    return (
        select(RATINGS.c.order_id)
        .join(ORDERS, ORDERS.c.id == RATINGS.c.order_id)
        .where(scope.within(RATINGS.c.at), scope.here(ORDERS.c.handling_path))
    )


def closes(scope: Scope) -> Select[Any]:
    """Orders that were closed in the scope."""
    return select(ORDERS.c.id).where(
        ORDERS.c.status == OrderStatus.CLOSED,
        scope.within(ORDERS.c.closed_at),
        scope.here(ORDERS.c.handling_path),
    )


def orders_counted(
    scope: Scope, counted: Counted, stage: Stage, late_reason: str | None
) -> Select[Any]:
    """The ids of the orders that the figure counts."""
    if counted in _OF_ORDERS:
        return closes(scope).where(_OF_ORDERS[counted])
    if counted in _OF_RATINGS:
        return ratings(scope).where(_OF_RATINGS[counted])
    if counted in (Counted.RESPONSE_DUE, Counted.RESPONDED):
        found = responses(scope)
        is_met = found.c.outcome < _FIRST_LATE
        return select(found.c.subject_id).where(is_met if counted is Counted.RESPONDED else true())
    found = by_order(runs(scope).where(DEADLINES.c.stage == stage))
    statement = select(found.c.subject_id).where(_outcomes(found, counted))
    if late_reason is None:
        return statement
    is_late = found.c.outcome >= _FIRST_LATE
    if late_reason == WITHOUT_REASON:
        return statement.where(is_late, found.c.late_reason.is_(None))
    return statement.where(is_late, found.c.late_reason == late_reason)


def _outcomes(found: Subquery, counted: Counted) -> ColumnElement[bool]:
    if counted is Counted.DUE:
        return true()
    wanted = LATE if counted is Counted.LATE else {Outcome(counted)}
    return found.c.outcome.in_(sorted(OUTCOMES.index(outcome) for outcome in wanted))


_OF_ORDERS: dict[Counted, ColumnElement[bool]] = {
    Counted.CLOSED: true(),
    Counted.REOPENED: ORDERS.c.round > 1,
    Counted.UNANSWERED: ORDERS.c.close_kind == CloseKind.UNANSWERED,
    Counted.NOT_RECOGNISED: ORDERS.c.close_kind == CloseKind.NOT_RECOGNISED,
}
_OF_RATINGS: dict[Counted, ColumnElement[bool]] = {
    Counted.RATED: true(),
    Counted.SOLVED: RATINGS.c.solved,
    Counted.JUDGED: RATINGS.c.satisfied.is_not(None),
    Counted.SATISFIED: RATINGS.c.satisfied,
}


def _sum(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def counts_of_closes(scope: Scope) -> Select[Any]:
    """One row: how many each figure about closes counts, by its name."""
    sums: list[Any] = [_sum(condition).label(name) for name, condition in _OF_ORDERS.items()]
    return closes(scope).with_only_columns(*sums)


def counts_of_ratings(scope: Scope) -> Select[Any]:
    """One row: how many answers each figure about them counts, by its name."""
    sums: list[Any] = [_sum(condition).label(name) for name, condition in _OF_RATINGS.items()]
    return ratings(scope).with_only_columns(*sums)


def counts_of_responses(scope: Scope) -> Select[Any]:
    """One row: orders whose first answer fell due, and those where it came in time."""
    found = responses(scope)
    sums: list[Any] = [
        func.count().label(Counted.RESPONSE_DUE),
        _sum(found.c.outcome < _FIRST_LATE).label(Counted.RESPONDED),
    ]
    return select(*sums).select_from(found)
