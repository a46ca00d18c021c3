"""How the deadlines of subjects stand."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, or_, select, true

from app.deadlines.models import WAITING, Deadline
from app.deadlines.states import Stage
from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import fetch, table_of
from app.kernel.given_up import Kind

_DEADLINES = table_of(Deadline)
_OF = (
    select(_DEADLINES)
    .where(
        _DEADLINES.c.subject_kind == bindparam("kind"),
        among(_DEADLINES.c.subject_id, "ids"),
    )
    .order_by(_DEADLINES.c.subject_id, _DEADLINES.c.round, _DEADLINES.c.started_at, _DEADLINES.c.id)
)


def deadlines_of(kind: str, ids: Iterable[int]) -> list[Row[Any]]:
    """All rounds and turns of these subjects."""
    wanted = list(ids)
    return list(fetch(_OF, {"kind": kind, "ids": wanted})) if wanted else []


def count_due() -> int:
    """How many rungs have come and are still to be announced."""
    due = (WAITING, _DEADLINES.c.next_at <= now())
    return session.scalar(select(func.count()).select_from(_DEADLINES).where(*due)) or 0


def longest_due_seconds() -> float:
    """For how long the oldest of them has waited; 0 where none does."""
    oldest = session.scalar(select(func.min(_DEADLINES.c.next_at)).where(WAITING))
    return 0 if oldest is None else max(0.0, (now() - oldest).total_seconds())


def solving_since(kind: str, subject_id: int, round_number: int) -> datetime | None:
    """When the time to solve began in that round; None where its policy asks for none."""
    rows = deadlines_of(kind, [subject_id])
    starts = [r.started_at for r in rows if r.round == round_number and r.stage is Stage.SOLVE]
    return min(starts, default=None)


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
