"""After a change of policy, calendar or hours all that runs is computed again, in the background."""

from collections.abc import Sequence

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from app.deadlines.computing.states import STRAGGLERS
from app.deadlines.standing.behind import (
    CHANGES,
    Change,
    affected,
    behind,
    current_basis,
    unfinished,
)
from app.deadlines.standing.events import Dates, DeadlinesMoved, SubjectsMoving
from app.deadlines.standing.following import Subject, recompute
from app.deadlines.standing.models import RUNNING, Deadline, Recomputation
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.kept import hold, mark_changed
from app.kernel.database.fast.rows import table_of
from app.kernel.events import announce
from app.kernel.queue import work_together

log = structlog.get_logger("deadlines")
_DEADLINES, _CHANGES = table_of(Deadline), table_of(Recomputation)
# Few, since whoever claims one of these orders waits for the batch.
BATCH = 50
_STAGES = 4
# Held by whoever asks for one: whoever has seen the last must have seen all before it.
_REQUESTS = "recomputations"


def request_recomputation(
    actor: Actor, reason: str, *, policy: str | None = None, unit_path: str | None = None
) -> Recomputation:
    """Notes that running deadlines must be computed again; until then their ladders wait."""
    subjects = select(_DEADLINES.c.subject_kind, _DEADLINES.c.subject_id)
    running = subjects.where(affected(policy, unit_path)).distinct().subquery()
    total = session.scalar(select(func.count()).select_from(running))
    change = Recomputation(
        reason=reason,
        policy=policy,
        unit_path=unit_path,
        total=total or 0,
        created_at=now(),
        created_by_id=actor.person_id,
    )
    hold(_REQUESTS)
    session.add(change)
    session.flush()
    mark_changed(CHANGES)
    return change


def recompute_batch(actor: Actor, *, limit: int = BATCH) -> int:
    """One batch of what is behind; answers how many subjects, 0 when there is nothing to do now."""
    del actor
    for change in unfinished():
        done = _work(change, limit)
        if done:
            return done
    return 0


def _work(change: Change, limit: int) -> int:
    rows = session.execute(
        select(
            _DEADLINES.c.subject_kind,
            _DEADLINES.c.subject_id,
            _DEADLINES.c.round,
            _DEADLINES.c.policy,
            _DEADLINES.c.topic,
        )
        .where(behind(change))
        # Some stages to a subject; sorting them out here lets the index end early.
        .limit(_STAGES * limit)
    ).all()
    if not rows:
        _finish(change)
        return 0
    subjects = _held(list(dict.fromkeys(Subject(*row) for row in rows))[:limit])
    work_together(subjects, _compute, _leave)
    session.execute(
        update(_CHANGES)
        .where(_CHANGES.c.id == change.id)
        .values(done=func.coalesce(_CHANGES.c.done, 0) + len(subjects))
    )
    return len(subjects)


def _compute(subjects: Sequence[Subject]) -> int:
    dates: dict[str, dict[int, Dates]] = {}
    for subject in subjects:
        dates.setdefault(subject.kind, {})[subject.id] = recompute(subject)
    for kind, moved in dates.items():
        announce(DeadlinesMoved(kind, moved))
    return len(subjects)


def _leave(subject: Subject, broken: Exception) -> None:
    """What cannot be computed keeps the dates that it has, and its ladder goes on by them."""
    if isinstance(broken, OperationalError):
        # The database's own trouble passes; all of it is tried again.
        raise broken
    rows = (
        _DEADLINES.c.subject_kind == subject.kind,
        _DEADLINES.c.subject_id == subject.id,
        _DEADLINES.c.round == subject.round,
    )
    seen = update(_DEADLINES).where(*rows, RUNNING).values(basis=current_basis())
    session.execute(seen)
    about, error = f"{subject.kind} {subject.id}", type(broken).__name__
    log.error("deadlines.not_recomputed", subject=about, error=error)


def _held(subjects: list[Subject]) -> list[Subject]:
    """Those that nobody else holds just now; the others are left for the next call."""
    busy: set[tuple[str, int]] = set()
    for kind in {subject.kind for subject in subjects}:
        ids = tuple(sorted(subject.id for subject in subjects if subject.kind == kind))
        moving = SubjectsMoving(kind, ids)
        announce(moving)
        busy |= {(kind, subject_id) for subject_id in moving.postponed}
    return [subject for subject in subjects if (subject.kind, subject.id) not in busy]


def _finish(change: Change) -> None:
    """Finished once no transaction can be left that began before the change.

    Then all of it is done, whether by this change's batches, another's, or because it ended.
    """
    at = now()
    result = session.execute(
        update(_CHANGES)
        .where(
            _CHANGES.c.id == change.id,
            _CHANGES.c.finished_at.is_(None),
            _CHANGES.c.created_at <= at - STRAGGLERS,
        )
        .values(finished_at=at, done=_CHANGES.c.total)
    )
    if getattr(result, "rowcount", 0):
        mark_changed(CHANGES)
        log.info("deadlines.recomputed", change_id=change.id)
