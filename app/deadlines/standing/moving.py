"""Keeps the unit paths of deadlines right when a unit moves in the tree."""

from sqlalchemy import func, literal, update

from app.deadlines.standing.models import Deadline
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of

_PATH = table_of(Deadline).c.unit_path


def follow_unit(actor: Actor, old_path: str, new_path: str) -> None:
    """Replaces the old path at the beginning of all paths by the new one."""
    del actor
    session.execute(
        update(table_of(Deadline))
        .where(_PATH.startswith(old_path, autoescape=True))
        .values(unit_path=literal(new_path) + func.substr(_PATH, len(old_path) + 1))
    )
