"""Reads the deadlines of subjects."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from app.deadlines.computing.states import Stage
from app.deadlines.standing.models import Deadline
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import fetch, table_of

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
    """The deadlines of these subjects, of all rounds, by subject, round and start."""
    wanted = list(ids)
    return list(fetch(_OF, {"kind": kind, "ids": wanted})) if wanted else []


def solving_since(kind: str, subject_id: int, round_number: int) -> datetime | None:
    """When the stage `solve` began in that round; None if its policy lacks the stage."""
    rows = deadlines_of(kind, [subject_id])
    starts = [r.started_at for r in rows if r.round == round_number and r.stage is Stage.SOLVE]
    return min(starts, default=None)
