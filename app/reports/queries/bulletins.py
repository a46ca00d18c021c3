"""Bulletins: which are due, what goes into one, and who reads them."""

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from app.deadlines.computing.states import Stage
from app.kernel.actor import Actor
from app.kernel.clock import LOCAL, local_date
from app.kernel.database import session
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.kernel.periods import Period, month_name, month_of, week_name, week_of
from app.orders.ticket.models import Order
from app.orders.ticket.visible import under
from app.organisation.models import Unit
from app.reports.models import Bulletin
from app.reports.queries.counted import Scope
from app.reports.queries.figures import Share, StageFigures, figures_of, rows_of
from app.reports.states import BulletinKind, GroupBy

# On the day after the period, at this local hour.
MADE_AT = time(8, 30)
WEEKS, MONTHS = 4, 2
_DAY = timedelta(days=1)
_PERIODS = {BulletinKind.WEEKLY: week_of, BulletinKind.MONTHLY: month_of}
_COUNTS = ("due", "on_time", "refused", "met_late", "ended_late", "open_late", "late")


def bulletin_slots(moment: datetime) -> list[str]:
    """The slots ("weekly:2026-11-16") due by then: four weeks and two months, the oldest first.

    None of a time before the first order.
    """
    first = _first_day()
    if first is None:
        return []
    slots = []
    for kind, count in ((BulletinKind.WEEKLY, WEEKS), (BulletinKind.MONTHLY, MONTHS)):
        periods = [_last_period(kind, moment)]
        while len(periods) < count:
            periods.append(_PERIODS[kind](periods[-1].since - _DAY))
        slots += [f"{kind}:{p.since}" for p in reversed(periods) if p.until >= first]
    return slots


def _first_day() -> date | None:
    # By the two beginnings of an index; one minimum of all would read every order.
    starts = [
        session.scalar(select(func.min(Order.submitted_at)).where(Order.green_channel == green))
        for green in (False, True)
    ]
    return min((local_date(start) for start in starts if start is not None), default=None)


def _last_period(kind: BulletinKind, moment: datetime) -> Period:
    """The last one whose bulletin is due by then."""
    period = _PERIODS[kind](local_date(moment))
    while datetime.combine(period.until + _DAY, MADE_AT, LOCAL) > moment:
        period = _PERIODS[kind](period.since - _DAY)
    return period


def read_slot(slot: str) -> tuple[BulletinKind, Period]:
    """What the slot is about."""
    kind, _, since = slot.partition(":")
    return BulletinKind(kind), _PERIODS[BulletinKind(kind)](date.fromisoformat(since))


def is_latest(kind: BulletinKind, period: Period, moment: datetime) -> bool:
    """Whether no later one of its kind is due by then."""
    return _last_period(kind, moment) == period


def content_of(actor: Actor, unit: Unit, kind: BulletinKind, period: Period) -> dict[str, Any]:
    """The figures of a bulletin as they stand now, as JSON keeps them."""
    figures = figures_of(actor, unit.id, period, GroupBy.STAGE)
    scope = Scope(figures.at, unit.path, period)
    solving = [
        row for row in rows_of(scope, unit, period, GroupBy.UNIT) if row.stage is Stage.SOLVE
    ]
    name = week_name if kind is BulletinKind.WEEKLY else month_name
    return {
        "unit": {"id": unit.id, "name": unit.name},
        "kind": kind.value,
        "name": name(period.since),
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "stages": [{"stage": row.stage.value, **_stage(row)} for row in figures.rows],
        "units": [{"unit_id": int(row.key), "name": row.name, **_counts(row)} for row in solving],
        "reasons": [asdict(reason) for reason in figures.reasons],
        "response": _share(figures.response),
        "solved": _share(figures.solved),
        "satisfied": _share(figures.satisfied),
        "reopened": _share(figures.reopened),
        "unanswered": figures.unanswered,
        "not_recognised": figures.not_recognised,
    }


def _counts(row: StageFigures) -> dict[str, Any]:
    numbers = {name: getattr(row, name) for name in _COUNTS}
    return {**numbers, "rate": row.rate, "is_ranked": row.is_ranked}


def _stage(row: StageFigures) -> dict[str, Any]:
    return {
        **_counts(row),
        "used_minutes": row.used_minutes,
        "left_minutes": row.left_minutes,
    }


def _share(share: Share) -> dict[str, Any]:
    return {**asdict(share), "rate": share.rate, "is_ranked": share.is_ranked}


def bulletins_visible_to(actor: Actor) -> Select[Bulletin]:
    """Those of units whose orders the actor sees."""
    units = select(Unit.id).where(under(Unit.path, actor.paths("orders.see")))
    return select(Bulletin).where(Bulletin.unit_id.in_(units))


def get_visible_bulletin(actor: Actor, bulletin_id: int) -> Bulletin:
    """One, or NotFound."""
    found = session.scalar(bulletins_visible_to(actor).where(Bulletin.id == bulletin_id))
    if found is None:
        raise not_found()
    return found


def page_of_bulletins(
    actor: Actor,
    *,
    unit_id: int | None,
    kind: BulletinKind | None,
    cursor: str | None,
    limit: int,
) -> Page[Bulletin]:
    """Of that unit itself, or of all; what was made last comes first."""
    statement = bulletins_visible_to(actor)
    if unit_id is not None:
        statement = statement.where(Bulletin.unit_id == unit_id)
    if kind is not None:
        statement = statement.where(Bulletin.kind == kind)
    return paginate(statement, [Key(Bulletin.id, desc=True)], cursor=cursor, limit=limit)
