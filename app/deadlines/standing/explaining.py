"""The reason why a stage was late: given once; a leader may change it."""

from sqlalchemy import select, update

from app.deadlines.computing.states import LATE_WORDS, LateReason, Stage
from app.deadlines.standing.late import was_late
from app.deadlines.standing.models import Deadline
from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.kernel.errors import Conflict

_DEADLINES = table_of(Deadline)


def explain_lateness(
    actor: Actor,
    subject: tuple[str, int],
    round_number: int,
    stage: Stage,
    *,
    reason: LateReason,
    note: str | None,
    may_change: bool,
) -> None:
    """Notes the reason for the first late run of the stage in that round that has none.

    If all have one, the last is changed, which needs `may_change`. The caller holds the lock on the
    subject. Raises Conflict `deadline.not_late`, `deadline.reason_given`.
    """
    kind, subject_id = subject
    late = session.execute(
        select(_DEADLINES)
        .where(
            _DEADLINES.c.subject_kind == kind,
            _DEADLINES.c.subject_id == subject_id,
            _DEADLINES.c.round == round_number,
            _DEADLINES.c.stage == stage,
            was_late(now()),
        )
        .order_by(_DEADLINES.c.turn)
    ).all()
    if not late:
        raise Conflict("deadline.not_late", "这一步没有超期，不用填写原因。")
    row = next((row for row in late if row.late_reason is None), late[-1])
    if row.late_reason is not None:
        if not may_change:
            raise Conflict("deadline.reason_given", "超期原因已经填过，需要更改请找负责人。")
        record(
            actor,
            "deadlines.reason_changed",
            kind,
            subject_id,
            reason=f"{LATE_WORDS[row.late_reason]} → {LATE_WORDS[reason]}",
            fields=[stage],
            unit_id=row.unit_id,
        )
    session.execute(
        update(_DEADLINES)
        .where(_DEADLINES.c.id == row.id)
        .values(late_reason=reason, late_note=note)
    )
