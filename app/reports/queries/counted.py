"""The things that figures count and that lists can show: stages that fell due, ratings, closes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select, true

from app.deadlines.computing.states import DeadlineState, Stage
from app.deadlines.standing.late import fell_due
from app.deadlines.standing.models import Deadline
from app.kernel.database.fast.rows import table_of
from app.kernel.periods import Period
from app.orders.access.visible import under
from app.orders.ticket.models import Order, OrderRating
from app.orders.ticket.states import CloseKind, OrderStatus
from app.reports.states import LATE, OUTCOMES, WITHOUT_REASON, Counted, Outcome

DEADLINES, ORDERS, RATINGS = table_of(Deadline), table_of(Order), table_of(OrderRating)
_MERGED = ORDERS.c.status == OrderStatus.MERGED
# Each of these stages is a first answer to the resident.
_RESPONSES = (Stage.ACKNOWLEDGE, Stage.ARRANGE, Stage.CONTACT)
_FIRST_LATE = OUTCOMES.index(Outcome.MET_LATE)


@dataclass(frozen=True, slots=True)
class Scope:
    """The orders and the time that figures are about.

    - `at`: the moment of counting.
    - `path`: the unit and all units below it, with `is_own` the unit alone; None means all units.
    - `period`: None means all time.
    - `cleared`: paths of the units whose confidential orders count; None means all units.
    """

    at: datetime
    path: str | None = None
    period: Period | None = None
    is_own: bool = False
    cleared: tuple[str, ...] | None = None

    def within(self, moment: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition that this moment lies in the period."""
        if self.period is None:
            return true()
        return and_(moment >= self.period.start, moment < self.period.end)

    def here(self, unit_path: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition that this path lies in the subtree, and that the order may be counted.

        The statement must read the table ORDERS.
        """
        found: ColumnElement[bool] = true()
        if self.path is not None:
            found = unit_path == self.path if self.is_own else unit_path.startswith(self.path)
        if self.cleared is None:
            return found
        return and_(
            found, or_(ORDERS.c.sensitive.is_(False), under(Order.handling_path, self.cleared))
        )


def runs(scope: Scope, *dimensions: ColumnElement[Any]) -> Select[Any]:
    """A statement for the stages of orders that fell due in the scope, a row for each deadline.

    A stage that ran again, in a later round or turn, has a row for each time. Columns: `subject_id`,
    `stage`, `outcome` (an index into OUTCOMES), `late_reason`, and the `dimensions`.
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
    """The rows of `runs`, joined to one row for each order, stage and value of the dimensions.

    The worst outcome of an order counts, with any reason that was given.
    """
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
    """The orders whose first answer fell due in the scope, with an outcome each.

    The outcome is the worst of the stages acknowledge, arrange and contact in their first run.
    Columns: `subject_id`, `outcome` (an index into OUTCOMES).
    """
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
    """The order ids of the ratings in the scope, given by residents or in a follow-up call."""
    return (
        select(RATINGS.c.order_id)
        .join(ORDERS, ORDERS.c.id == RATINGS.c.order_id)
        .where(scope.within(RATINGS.c.at), scope.here(ORDERS.c.handling_path))
    )


def closes(scope: Scope) -> Select[Any]:
    """The ids of the orders that were closed in the scope."""
    return select(ORDERS.c.id).where(
        ORDERS.c.status == OrderStatus.CLOSED,
        scope.within(ORDERS.c.closed_at),
        scope.here(ORDERS.c.handling_path),
    )


def orders_counted(
    scope: Scope, counted: Counted, stage: Stage, late_reason: str | None
) -> Select[Any]:
    """The ids of the orders that a figure counts.

    `stage` and `late_reason` matter only for figures about stages that fell due. `late_reason` keeps
    only late orders with this reason; "none" keeps late orders without a reason.
    """
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
    """A statement with one row: the counts of all figures about closes, named as in `Counted`."""
    sums: list[Any] = [_sum(condition).label(name) for name, condition in _OF_ORDERS.items()]
    return closes(scope).with_only_columns(*sums)


def counts_of_ratings(scope: Scope) -> Select[Any]:
    """A statement with one row: the counts of all figures about ratings, named as in `Counted`."""
    sums: list[Any] = [_sum(condition).label(name) for name, condition in _OF_RATINGS.items()]
    return ratings(scope).with_only_columns(*sums)


def counts_of_responses(scope: Scope) -> Select[Any]:
    """A statement with one row: orders whose first answer fell due, and orders answered in time."""
    found = responses(scope)
    sums: list[Any] = [
        func.count().label(Counted.RESPONSE_DUE),
        _sum(found.c.outcome < _FIRST_LATE).label(Counted.RESPONDED),
    ]
    return select(*sums).select_from(found)
