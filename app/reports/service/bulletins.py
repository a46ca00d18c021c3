"""周通报、月通报: made once a unit and period, kept as they were sent."""

import structlog
from sqlalchemy import exists, select

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.database.fast.rows import inserted
from app.kernel.periods import Period
from app.kernel.queue import work_each
from app.notifications.service import notify
from app.organisation.models import Unit
from app.organisation.states import UnitKind
from app.people.queries import holders_of
from app.reports.bulletin import page_of, sentence_of, title_of
from app.reports.models import Bulletin
from app.reports.queries.bulletins import content_of, is_latest, read_slot
from app.reports.states import BULLETIN_BATCH, BulletinKind

_KINDS = (UnitKind.COMMUNITY, UnitKind.STREET, UnitKind.DISTRICT)
log = structlog.get_logger("orders")


class Unfinished(Exception):
    """Some bulletins could not be made; the others are there."""


def make_bulletins(actor: Actor, slot: str) -> int:
    """Makes what is missing of a slot ("weekly:2026-11-16"), a few units a transaction; answers how many.

    May end anywhere and be called again. One that cannot be made keeps no other back; then it raises
    Unfinished at the end.
    """
    kind, period = read_slot(slot)
    made, last, failed = 0, 0, []

    def make(unit: Unit) -> int:
        return _make(actor, unit, kind, period)

    def leave(unit: Unit, broken: Exception) -> None:
        failed.append(unit.id)
        log.error("bulletin.failed", slot=slot, unit=unit.id, exc_info=broken)

    while True:
        with transaction():
            units = _without(kind, period, last)
            made += work_each(units, make, leave)
            last = max((unit.id for unit in units), default=last)
        if not units:
            break
    if failed:
        raise Unfinished(f"{slot}: {len(failed)}")
    return made


def _without(kind: BulletinKind, period: Period, after: int) -> list[Unit]:
    """The next open units, by id, that have no such bulletin."""
    has = exists().where(
        Bulletin.unit_id == Unit.id, Bulletin.kind == kind, Bulletin.since == period.since
    )
    statement = (
        select(Unit)
        .where(Unit.id > after, Unit.kind.in_(_KINDS), Unit.closed_at.is_(None), ~has)
        .order_by(Unit.id)
        .limit(BULLETIN_BATCH)
    )
    return list(session.scalars(statement))


def _make(actor: Actor, unit: Unit, kind: BulletinKind, period: Period) -> int:
    """Whoever is first makes it and tells the leaders; of what comes too late nobody is told."""
    at = now()
    content = content_of(actor, unit, kind, period)
    content["sentence"] = sentence_of(content)
    row = {
        "unit_id": unit.id,
        "kind": kind,
        "since": period.since,
        "until": period.until,
        "content": content,
        "html": page_of(content, at),
        "made_at": at,
    }
    new = inserted(Bulletin, [row], "id")
    for (bulletin_id,) in new:
        if is_latest(kind, period, at):
            notify(
                holders_of("orders.lead", unit.id),
                "order.bulletin",
                subject=("bulletin", bulletin_id),
                params={
                    "unit": unit.name,
                    "name": title_of(content).removeprefix(unit.name),
                    "sentence": content["sentence"].removesuffix("。"),
                },
            )
    return len(new)
