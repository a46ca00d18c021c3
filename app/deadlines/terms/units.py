"""The unit whose policies and deadlines an actor wants to read."""

from app.deadlines.terms.policy import may_see
from app.kernel.actor import Actor
from app.kernel.errors import Forbidden
from app.organisation.models import Unit
from app.organisation.queries import get_unit, get_visible_unit


def seen_unit(actor: Actor, unit_id: int | None) -> Unit:
    """The unit with that id; without an id the first unit where the actor may read deadlines.

    Raises NotFound if the actor does not see the unit, Forbidden `deadlines.not_allowed`.
    """
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
