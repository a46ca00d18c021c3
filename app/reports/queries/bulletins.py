"""Bulletins: which are due, the content of one, and the bulletins that an actor can see."""

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
from app.orders.access.visible import under
from app.orders.ticket.models import Order
from app.organisation.models import Unit
from app.reports.models import Bulletin
from app.reports.queries.counted import Scope
from app.reports.queries.figures import Share, StageFigures, figures_of, rows_of
from app.reports.states import BulletinKind, GroupBy

# The local time at which a bulletin is due, on the day after its period.
MADE_AT = time(8, 30)
WEEKS, MONTHS = 4, 2
_DAY = timedelta(days=1)
_PERIODS = {BulletinKind.WEEKLY: week_of, BulletinKind.MONTHLY: month_of}
_COUNTS = ("due", "on_time", "refused", "met_late", "ended_late", "open_late", "late")


def bulletin_slots(moment: datetime) -> list[str]:
    """The slots that are due at that moment: the last four weeks, then the last two months.

    A slot is a kind and the first day of a period: "weekly:2026-11-16". Each kind comes oldest first.
    A period that ended before the first order has no slot.
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
    # Two minima, because the index begins with `green_channel`: a single one would read all orders.
    starts = [
        session.scalar(select(func.min(Order.submitted_at)).where(Order.green_channel == green))
        for green in (False, True)
    ]
    return min((local_date(start) for start in starts if start is not None), default=None)


def _last_period(kind: BulletinKind, moment: datetime) -> Period:
    """The last period of the kind whose bulletin is due at that moment."""
    period = _PERIODS[kind](local_date(moment))
    while datetime.combine(period.until + _DAY, MADE_AT, LOCAL) > moment:
        period = _PERIODS[kind](period.since - _DAY)
    return period


def read_slot(slot: str) -> tuple[BulletinKind, Period]:
    """The kind and the period of a slot such as "weekly:2026-11-16"."""
    kind, _, since = slot.partition(":")
    return BulletinKind(kind), _PERIODS[BulletinKind(kind)](date.fromisoformat(since))


def is_latest(kind: BulletinKind, period: Period, moment: datetime) -> bool:
    """Returns whether this is the last period of its kind whose bulletin is due at that moment."""
    return _last_period(kind, moment) == period


def content_of(actor: Actor, unit: Unit, kind: BulletinKind, period: Period) -> dict[str, Any]:
    """The figures of a bulletin, counted now, as values for JSON.

    Raises what `figures_of` raises.
    """
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
    """The bulletins of units where the actor can see orders."""
    units = select(Unit.id).where(under(Unit.path, actor.paths("orders.see")))
    return select(Bulletin).where(Bulletin.unit_id.in_(units))


def get_visible_bulletin(actor: Actor, bulletin_id: int) -> Bulletin:
    """The bulletin with this id; raises NotFound `not_found`."""
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
    """A page of visible bulletins, the newest first.

    With `unit_id` only bulletins of this unit itself, without the units below it.
    """
    statement = bulletins_visible_to(actor)
    if unit_id is not None:
        statement = statement.where(Bulletin.unit_id == unit_id)
    if kind is not None:
        statement = statement.where(Bulletin.kind == kind)
    return paginate(statement, [Key(Bulletin.id, desc=True)], cursor=cursor, limit=limit)
