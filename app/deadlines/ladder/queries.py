"""Reads the steps of ladders that are due, and those that could not be announced."""

from sqlalchemy import func, or_, select

from app.deadlines.standing.models import WAITING, Deadline
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.kernel.errors import Forbidden
from app.kernel.pages import Key, Page, paginate

_DEADLINES = table_of(Deadline)


def count_due() -> int:
    """How many steps have come and are not announced yet."""
    due = (WAITING, _DEADLINES.c.next_at <= now())
    return session.scalar(select(func.count()).select_from(_DEADLINES).where(*due)) or 0


def longest_due_seconds() -> float:
    """For how many seconds the oldest such step has waited; 0 without one."""
    oldest = session.scalar(select(func.min(_DEADLINES.c.next_at)).where(WAITING))
    return 0 if oldest is None else max(0.0, (now() - oldest).total_seconds())


def count_stuck() -> int:
    """How many steps could not be announced and wait for an administrator."""
    stuck = _DEADLINES.c.stuck_at.is_not(None)
    return session.scalar(select(func.count()).select_from(_DEADLINES).where(stuck)) or 0


def page_of_stuck(actor: Actor, *, cursor: str | None, limit: int) -> Page[Deadline]:
    """A page of deadlines in the actor's units whose step could not be announced.

    Raises Forbidden `deadline.not_allowed`.
    """
    paths = actor.paths("deadlines.repair")
    if not paths:
        raise Forbidden("deadline.not_allowed", "您没有处理提醒的权限。")
    below = or_(*(Deadline.unit_path.startswith(path, autoescape=True) for path in paths))
    stuck = select(Deadline).where(Deadline.stuck_at.is_not(None), below)
    return paginate(stuck, [Key(Deadline.id)], cursor=cursor, limit=limit)
