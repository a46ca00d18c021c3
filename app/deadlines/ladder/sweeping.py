"""The ladder: what has come is announced once, batch by batch, by whoever gets hold of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, bindparam, case, false, or_, select, update

from app.deadlines.computing.clocks import Surroundings
from app.deadlines.computing.ladders import Climb, Rung, ladder, still_waiting
from app.deadlines.computing.states import ABOVE, SWEEP_BATCH
from app.deadlines.standing.behind import behind, unfinished
from app.deadlines.standing.events import DeadlinesPassed, Passed, SubjectsMoving
from app.deadlines.standing.models import WAITING, Deadline, DeadlineStep
from app.deadlines.terms.surroundings import Here
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.rows import inserted, table_of
from app.kernel.events import announce
from app.kernel.queue import fail, is_free, work_together

log = structlog.get_logger("deadlines")
_DEADLINES = table_of(Deadline)
_RANK = case({"emergency": 0, "urgent": 1}, value=_DEADLINES.c.urgency, else_=2)
_MOVE = (
    update(_DEADLINES)
    .where(_DEADLINES.c.id == bindparam("row_id"))
    .values(next_at=bindparam("coming_at"), next_step=bindparam("coming"), attempts=0)
)


@dataclass(frozen=True, slots=True)
class _Climbed:
    """A row of a deadline, its rungs whose moment has come, and the rung that comes next."""

    row: Row[Any]
    passed: tuple[Rung, ...]
    coming: Rung | None


class _Around:
    """Rules, calendars and quiet hours, asked for once a batch."""

    def __init__(self) -> None:
        here = Here()
        self.rules = cache(here.rules)
        self.calendar = cache(here.calendar)
        self.quiet = cache(here.quiet)


def sweep(actor: Actor, *, limit: int = SWEEP_BATCH) -> int:
    """Announces what has come, the most urgent first; of several missed rungs only the last.

    Rungs, their announcement and the row that they are noted in are one transaction. Answers how many
    rows it has moved on; 0 when nothing is left for it.
    """
    del actor
    at = now()
    rows = session.execute(_due(at, limit)).all()
    return work_together(rows, lambda some: _climb(some, at), _put_back)


def _due(at: datetime, limit: int) -> Any:
    return (
        select(_DEADLINES)
        .where(WAITING, _DEADLINES.c.next_at <= at, is_free(Deadline), ~_behind())
        .order_by(_RANK, _DEADLINES.c.next_at, _DEADLINES.c.unit_path, _DEADLINES.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _behind() -> ColumnElement[bool]:
    """What waits until it has been computed again."""
    return or_(false(), *(behind(change) for change in unfinished()))


def _climb(rows: Sequence[Row[Any]], at: datetime) -> int:
    around = _Around()
    climbed = _reachable([_climbed(row, at, around) for row in rows])
    noted = [_note(one, rung, at) for one in climbed for rung in one.passed]
    new = set(inserted(DeadlineStep, noted, "deadline_id", "step")) if noted else set()
    by_kind: dict[str, list[Passed]] = {}
    for one in climbed:
        last = one.passed[-1] if one.passed else None
        if last is not None and (one.row.id, last.name) in new:
            by_kind.setdefault(one.row.subject_kind, []).append(_passed(one.row, last, at))
    for kind, items in by_kind.items():
        announce(DeadlinesPassed(kind, tuple(items)))
    if climbed:
        session.execute(_MOVE, [_moved(one) for one in climbed])
    return len(climbed)


def _climbed(row: Row[Any], at: datetime, around: Surroundings) -> _Climbed:
    climb = Climb(
        row.stage, tuple(row.versions), row.urgency, row.unit_id, row.counts_since, row.due_at
    )
    waiting = still_waiting(ladder(climb, around), row.next_step, row.next_at)
    passed = tuple(rung for rung in waiting if rung.at <= at)
    return _Climbed(row, passed, next((rung for rung in waiting if rung.at > at), None))


def _reachable(climbed: list[_Climbed]) -> list[_Climbed]:
    """Without those whose subject another process holds just now, where the rung changes it."""
    wanted: dict[str, list[int]] = {}
    for one in climbed:
        if one.passed and one.passed[-1].level in ABOVE:
            wanted.setdefault(one.row.subject_kind, []).append(one.row.subject_id)
    busy: set[tuple[str, int]] = set()
    for kind, ids in wanted.items():
        moving = SubjectsMoving(kind, tuple(sorted(set(ids))))
        announce(moving)
        busy |= {(kind, subject_id) for subject_id in moving.postponed}
    return [one for one in climbed if (one.row.subject_kind, one.row.subject_id) not in busy]


def _note(one: _Climbed, rung: Rung, at: datetime) -> dict[str, Any]:
    return {
        "deadline_id": one.row.id,
        "generation": one.row.generation,
        "step": rung.name,
        "level": rung.level,
        "due_at": one.row.due_at,
        "at": rung.at,
        "done_at": at,
        "skipped": rung is not one.passed[-1],
    }


def _passed(row: Row[Any], rung: Rung, at: datetime) -> Passed:
    return Passed(
        deadline_id=row.id,
        subject_id=row.subject_id,
        round=row.round,
        stage=row.stage,
        level=rung.level,
        step=rung.name,
        due_at=row.due_at,
        urgency=row.urgency,
        unit_id=row.unit_id,
        is_late=row.due_at <= at,
    )


def _moved(one: _Climbed) -> dict[str, Any]:
    coming = one.coming
    return {
        "row_id": one.row.id,
        "coming_at": coming.at if coming else None,
        "coming": coming.name if coming else None,
    }


def _put_back(row: Row[Any], broken: Exception) -> None:
    """Tries the rung again later; the failure is the row's alone, and its own changes are undone."""
    error = type(broken).__name__
    log.error("deadlines.step_failed", deadline_id=row.id, error=error)
    fail(session.get_one(Deadline, row.id, populate_existing=True), error)
