"""An administrator sends a step again that could not be announced."""

from sqlalchemy import select

from app.deadlines.standing.models import Deadline
from app.deadlines.terms.policy import may_repair
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, not_found


def announce_again(actor: Actor, deadline_id: int) -> Deadline:
    """The deadline's step is due again now and has all its attempts; answers the deadline.

    Raises NotFound, Conflict `deadline.not_stuck`.
    """
    row = session.scalars(lock(select(Deadline).where(Deadline.id == deadline_id))).one_or_none()
    if row is None or not may_repair(actor, row.unit_path):
        raise not_found()
    if row.stuck_at is None:
        raise Conflict("deadline.not_stuck", "这条提醒没有停下，不用重发。")
    row.stuck_at = row.last_error = None
    row.attempts = 0
    # Without a next step the stage was met or dropped meanwhile, so nobody is reminded.
    row.next_at = now() if row.next_step is not None else None
    audit.record(actor, "deadline.announced_again", "deadline", row.id, unit_id=row.unit_id)
    return row
