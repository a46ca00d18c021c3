"""Figures of a unit and a period: stages that fell due, their outcomes, times, ratings, reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select

from app.categories.queries import names_of as category_names
from app.deadlines.computing.states import LATE_WORDS, STAGE_WORDS, DeadlineState, LateReason, Stage
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid, not_found
from app.kernel.periods import Period, months_of, weeks_of
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people.queries import masked_names
from app.reports.queries.counted import (
    DEADLINES,
    ORDERS,
    Scope,
    by_order,
    counts_of_closes,
    counts_of_ratings,
    counts_of_responses,
    runs,
)
from app.reports.states import (
    LATE,
    LONGEST_FIGURES,
    OUTCOMES,
    RANKED_FROM,
    Counted,
    GroupBy,
    Outcome,
)

_STAGES = list(Stage)
_NO_CATEGORY, _NOBODY = "未分类", "无人办理"


@dataclass(slots=True)
class StageFigures:
    """The figures of one stage in one group.

    - `due` and the five outcomes after it count orders.
    - `rate`: share of `due` that is on time, from 0 to 1; None if nothing fell due.
    - `is_ranked`: the rate is of at least ten orders and may be compared.
    - `used_minutes`, `left_minutes`: averages of the deadlines that were met, in minutes of the
      deadline's calendar; `left_minutes` is negative if they were late on average.
    """

    key: str
    name: str
    stage: Stage
    due: int = 0
    on_time: int = 0
    refused: int = 0
    met_late: int = 0
    ended_late: int = 0
    open_late: int = 0
    rate: float | None = None
    is_ranked: bool = False
    used_minutes: int | None = None
    left_minutes: int | None = None

    @property
    def late(self) -> int:
        """The number of orders that were not met by their date: the sum of three outcomes."""
        return self.met_late + self.ended_late + self.open_late


@dataclass(frozen=True, slots=True)
class Share:
    """A share: `count` out of `of`."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """The share from 0 to 1, rounded to four digits; None if `of` is 0."""
        return _rate(self.count, self.of)

    @property
    def is_ranked(self) -> bool:
        """True if `of` is at least ten, so that the rate may be compared."""
        return self.of >= RANKED_FROM


@dataclass(frozen=True, slots=True)
class Reason:
    """The number of orders that were late at a stage for this reason; None: no reason was given."""

    stage: Stage
    reason: LateReason | None
    count: int


@dataclass(frozen=True, slots=True)
class Week:
    """The counts of a week for the stage `solve`: it fell due, was met late, is still open and late."""

    name: str
    period: Period
    due: int
    met_late: int
    still_open: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a unit and a period, counted at the moment `at`.

    - `response`: orders whose first answer was in time, of those whose first answer fell due.
    - `solved`: ratings that say solved, of all ratings.
    - `satisfied`: ratings that say satisfied, of the ratings that say whether they are.
    - `reopened`: closed orders that were done again before, of all closed orders.
    - `unanswered`: orders that were closed without a rating.
    - `not_recognised`: orders that were closed although the resident does not accept the result.
    """

    unit: Unit
    period: Period
    at: datetime
    by: GroupBy
    rows: list[StageFigures]
    reasons: list[Reason]
    weeks: list[Week]
    response: Share
    solved: Share
    satisfied: Share
    reopened: Share
    unanswered: int
    not_recognised: int


def asked_figures(actor: Actor, *, unit_id: int, from_: date, to: date, by: GroupBy) -> Figures:
    """The figures from the day `from_` to the day `to`, both included.

    Raises Invalid `figures.period` if the days make no period, and what `figures_of` raises.
    """
    try:
        period = Period(from_, to)
    except ValueError as wrong:
        told = "结束的日子不能早于开始的日子，年份要在2000至2199之间。"
        raise Invalid("figures.period", told, errors={"to": [told]}) from wrong
    return figures_of(actor, unit_id, period, by)


def figures_of(actor: Actor, unit_id: int, period: Period, by: GroupBy) -> Figures:
    """The figures of the unit and all units below it; confidential orders only if the actor sees them.

    Raises NotFound `not_found` for an unknown unit or one whose orders the actor cannot see, Invalid
    `figures.too_long` for more than 366 days, and Forbidden `figures.not_of_people` for figures of
    single handlers if the actor does not have `orders.lead` there.
    """
    unit = get_unit(unit_id)
    if not actor.is_system and not actor.may("orders.see", unit.path):
        raise not_found()
    if by is GroupBy.HANDLER and not (actor.is_system or actor.may("orders.lead", unit.path)):
        raise Forbidden("figures.not_of_people", "每个人的情况只有负责人可以查看。")
    if period.days > LONGEST_FIGURES.days:
        raise Invalid("figures.too_long", f"一次最多统计{LONGEST_FIGURES.days}天，请缩短时间。")
    cleared = None if actor.is_system else actor.paths("orders.see_sensitive")
    scope = Scope(now(), unit.path, period, cleared=cleared)
    closed = session.execute(counts_of_closes(scope)).one()._mapping
    said = session.execute(counts_of_ratings(scope)).one()._mapping
    responded = session.execute(counts_of_responses(scope)).one()._mapping
    return Figures(
        unit=unit,
        period=period,
        at=scope.at,
        by=by,
        rows=rows_of(scope, unit, period, by),
        reasons=_reasons(scope),
        weeks=_weeks(scope, period),
        response=_share(responded, Counted.RESPONDED, Counted.RESPONSE_DUE),
        solved=_share(said, Counted.SOLVED, Counted.RATED),
        satisfied=_share(said, Counted.SATISFIED, Counted.JUDGED),
        reopened=_share(closed, Counted.REOPENED, Counted.CLOSED),
        unanswered=closed[Counted.UNANSWERED],
        not_recognised=closed[Counted.NOT_RECOGNISED],
    )


def _share(counts: Mapping[Any, Any], count: Counted, of: Counted) -> Share:
    return Share(int(counts[count]), int(counts[of]))


def _rate(count: int, of: int) -> float | None:
    return round(count / of, 4) if of else None


def rows_of(scope: Scope, unit: Unit, period: Period, by: GroupBy) -> list[StageFigures]:
    """A row for each group and stage, sorted by the name of the group and never by a figure.

    With `GroupBy.STAGE` all orders are one group. Rows of handlers are never `is_ranked`.
    """
    key = _key(unit, period, by)
    dimensions = [] if key is None else [key.label("key")]
    names = [column.name for column in dimensions]
    found = by_order(runs(scope, *dimensions), *names)
    groups = [found.c[name] for name in (*names, "stage")]
    counts = select(*groups, found.c.outcome, func.count().label("orders"))
    rows: dict[tuple[Any, Stage], StageFigures] = {}
    for *group, outcome, orders in session.execute(counts.group_by(*groups, found.c.outcome)):
        at, stage = (group[0] if names else group[-1], group[-1])
        row = rows.setdefault((at, stage), StageFigures(_text(at), "", stage))
        setattr(row, OUTCOMES[outcome], orders)
        row.due += orders
    times = _times(scope, dimensions)
    labels = _labels(by, {at for at, _ in rows})
    for (at, stage), row in rows.items():
        row.name = labels[at]
        row.rate = _rate(row.on_time, row.due)
        row.is_ranked = row.due >= RANKED_FROM and by is not GroupBy.HANDLER
        if (at, stage) in times:
            row.used_minutes, row.left_minutes = times[at, stage]
    return sorted(rows.values(), key=lambda row: _place(row, by))


def _text(key: object) -> str:
    return "" if key is None else str(key)


def _place(row: StageFigures, by: GroupBy) -> tuple[Any, ...]:
    stage = _STAGES.index(row.stage)
    return (stage,) if by is GroupBy.STAGE else (row.name, row.key, stage)


def _key(unit: Unit, period: Period, by: GroupBy) -> ColumnElement[Any] | None:
    if by is GroupBy.UNIT:
        return _next_unit(unit)
    if by is GroupBy.CATEGORY:
        return DEADLINES.c.topic
    if by is GroupBy.HANDLER:
        # The person who met the stage, or the holder of the order, who still has to meet it.
        return func.coalesce(DEADLINES.c.person_id, ORDERS.c.holder_id)
    if by is GroupBy.STAGE:
        return None
    return _part(weeks_of(period) if by is GroupBy.WEEK else months_of(period))


def _part(parts: Mapping[str, Period]) -> ColumnElement[str]:
    due_at = DEADLINES.c.due_at
    return case(*((due_at < part.end, literal(name)) for name, part in parts.items()))


def _next_unit(unit: Unit) -> ColumnElement[int]:
    """The id of the unit directly below that holds the order's unit, or of the unit itself."""
    below = session.execute(select(Unit.id, Unit.path).where(Unit.parent_id == unit.id))
    path = DEADLINES.c.unit_path
    ways = [(path.startswith(row.path), literal(row.id)) for row in below]
    return case(*ways, else_=literal(unit.id)) if ways else DEADLINES.c.unit_id


def _labels(by: GroupBy, keys: Iterable[Any]) -> dict[Any, str]:
    known = [key for key in keys if key is not None]
    if by is GroupBy.UNIT:
        return {key: get_unit(key).name for key in known}
    if by is GroupBy.CATEGORY:
        return {None: _NO_CATEGORY, **category_names(known)}
    if by is GroupBy.HANDLER:
        return {None: _NOBODY, **masked_names(known)}
    if by is GroupBy.STAGE:
        return {key: STAGE_WORDS[key] for key in known}
    return {key: key for key in known}


def _times(
    scope: Scope, dimensions: Sequence[ColumnElement[Any]]
) -> dict[tuple[Any, Stage], tuple[int, int]]:
    """The average minutes that runs that were met had used and left, by group and stage."""
    spent = (DEADLINES.c.used_seconds, DEADLINES.c.left_seconds)
    met = runs(scope, *dimensions, *spent).where(DEADLINES.c.state == DeadlineState.MET)
    rows = met.where(DEADLINES.c.used_seconds.is_not(None)).subquery()
    groups = [rows.c[column.name] for column in dimensions] + [rows.c.stage]
    averages = [func.avg(rows.c[column.name]) for column in spent]
    return {
        (group[0], group[-1]): (round(used / 60), round(left / 60))
        for *group, used, left in session.execute(select(*groups, *averages).group_by(*groups))
    }


def _reasons(scope: Scope) -> list[Reason]:
    found = by_order(runs(scope))
    late = [OUTCOMES.index(outcome) for outcome in sorted(LATE)]
    groups = (found.c.stage, found.c.late_reason)
    rows = session.execute(
        select(*groups, func.count().label("orders"))
        .where(found.c.outcome.in_(late))
        .group_by(*groups)
    )
    reasons = [Reason(*row) for row in rows]
    places = [*LATE_WORDS, None]
    return sorted(reasons, key=lambda r: (_STAGES.index(r.stage), -r.count, places.index(r.reason)))


def _weeks(scope: Scope, period: Period) -> list[Week]:
    parts = weeks_of(period)
    found = by_order(
        runs(scope, _part(parts).label("week")).where(DEADLINES.c.stage == Stage.SOLVE), "week"
    )
    groups = (found.c.week, found.c.outcome)
    counts: dict[str, dict[Outcome, int]] = {name: {} for name in parts}
    for name, outcome, orders in session.execute(select(*groups, func.count()).group_by(*groups)):
        counts[name][OUTCOMES[outcome]] = orders
    return [
        Week(
            name,
            part,
            sum(counts[name].values()),
            counts[name].get(Outcome.MET_LATE, 0),
            counts[name].get(Outcome.OPEN_LATE, 0),
        )
        for name, part in parts.items()
    ]
