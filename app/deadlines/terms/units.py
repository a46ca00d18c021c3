"""Whose deadlines somebody looks at."""

from app.deadlines.terms.policy import may_see
from app.kernel.actor import Actor
from app.kernel.errors import Forbidden
from app.organisation.models import Unit
from app.organisation.queries import get_unit, get_visible_unit


def seen_unit(actor: Actor, unit_id: int | None) -> Unit:
    """The unit, or the actor's own; NotFound, or Forbidden `deadlines.not_allowed`."""
    if unit_id is not None:
        unit = get_visible_unit(actor, unit_id)
    elif paths := actor.paths("deadlines.see"):
        unit = get_unit(int(paths[0].split("/")[-2]))
    else:
        raise _not_allowed()
    if not may_see(actor, unit.path):
        raise _not_allowed()
    return unit


def _not_allowed() -> Forbidden:
    return Forbidden("deadlines.not_allowed", "查看时限需要值班员、派单员或负责人。")
