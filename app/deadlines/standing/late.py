"""Which stages fell due, and which of them were not met by their date."""

from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select

from app.deadlines.computing.states import DeadlineState, FactKind
from app.deadlines.standing.models import Deadline, DeadlineFact
from app.kernel.database.fast.rows import table_of

_DEADLINES, _FACTS = table_of(Deadline), table_of(DeadlineFact)
_MET = _DEADLINES.c.state == DeadlineState.MET
_DROPPED = _DEADLINES.c.state == DeadlineState.DROPPED
# The row of a stage that was dropped does not say when; the facts do.
_DROPPED_AT = (
    select(func.min(_FACTS.c.at))
    .where(
        _FACTS.c.subject_kind == _DEADLINES.c.subject_kind,
        _FACTS.c.subject_id == _DEADLINES.c.subject_id,
        _FACTS.c.round == _DEADLINES.c.round,
        _FACTS.c.kind == FactKind.DROPPED,
        # What runs again may begin when it ended the time before.
        _FACTS.c.at > _DEADLINES.c.started_at,
        cast(_FACTS.c.stages, String).like('%"' + cast(_DEADLINES.c.stage, String) + '"%'),
    )
    .scalar_subquery()
)


def fell_due(at: datetime) -> ColumnElement[bool]:
    """The date had come by then; of a dropped stage: before it was dropped."""
    return and_(_DEADLINES.c.due_at <= at, or_(~_DROPPED, _DEADLINES.c.due_at <= _DROPPED_AT))


def was_late(at: datetime) -> ColumnElement[bool]:
    """Fell due, and was not met by then."""
    in_time = and_(_MET, _DEADLINES.c.met_at <= _DEADLINES.c.due_at)
    return and_(fell_due(at), ~in_time)
