"""Conditions on deadlines: the date had come, and the stage was late."""

from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select

from app.deadlines.computing.states import DeadlineState, FactKind
from app.deadlines.standing.models import Deadline, DeadlineFact
from app.kernel.database.fast.rows import table_of

_DEADLINES, _FACTS = table_of(Deadline), table_of(DeadlineFact)
_MET = _DEADLINES.c.state == DeadlineState.MET
_DROPPED = _DEADLINES.c.state == DeadlineState.DROPPED
# The row of a dropped stage does not say when it was dropped; the facts do.
_DROPPED_AT = (
    select(func.min(_FACTS.c.at))
    .where(
        _FACTS.c.subject_kind == _DEADLINES.c.subject_kind,
        _FACTS.c.subject_id == _DEADLINES.c.subject_id,
        _FACTS.c.round == _DEADLINES.c.round,
        _FACTS.c.kind == FactKind.DROPPED,
        # A stage may start again at the moment when its last run was dropped.
        _FACTS.c.at > _DEADLINES.c.started_at,
        cast(_FACTS.c.stages, String).like('%"' + cast(_DEADLINES.c.stage, String) + '"%'),
    )
    .scalar_subquery()
)


def fell_due(at: datetime) -> ColumnElement[bool]:
    """The date had come by that moment; a dropped stage counts if that was before it was dropped."""
    return and_(_DEADLINES.c.due_at <= at, or_(~_DROPPED, _DEADLINES.c.due_at <= _DROPPED_AT))


def was_late(at: datetime) -> ColumnElement[bool]:
    """The date had come by that moment, and the stage was not met by its date."""
    in_time = and_(_MET, _DEADLINES.c.met_at <= _DEADLINES.c.due_at)
    return and_(fell_due(at), ~in_time)
