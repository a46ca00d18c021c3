"""Reads the steps of ladders that are due, and those that could not be announced."""

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true

from app.deadlines.standing.models import WAITING, Deadline
from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.kernel.given_up import Kind

_DEADLINES = table_of(Deadline)


def count_due() -> int:
    """How many steps have come and are not announced yet."""
    due = (WAITING, _DEADLINES.c.next_at <= now())
    return session.scalar(select(func.count()).select_from(_DEADLINES).where(*due)) or 0


def longest_due_seconds() -> float:
    """For how many seconds the oldest such step has waited; 0 without one."""
    oldest = session.scalar(select(func.min(_DEADLINES.c.next_at)).where(WAITING))
    return 0 if oldest is None else max(0.0, (now() - oldest).total_seconds())


def _about(row: Deadline) -> dict[str, Any]:
    return {
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "stage": row.stage.value,
        "step": row.next_step,
        "due_at": to_local(row.due_at).isoformat() if row.due_at else None,
    }


def _repaired_by(actor: Actor) -> ColumnElement[bool] | None:
    if actor.is_system:
        return true()
    paths = actor.paths("deadlines.repair")
    below = [Deadline.unit_path.startswith(path, autoescape=True) for path in paths]
    return or_(*below) if below else None


GIVEN_UP = Kind(
    "deadline",
    "多次发不出、已停下的提醒（条）",
    Deadline,
    _about,
    unit_of=lambda row: row.unit_id,
    visible_to=_repaired_by,
)
