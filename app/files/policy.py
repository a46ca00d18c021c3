"""Who may judge the content of a file."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission

PERMISSIONS: tuple[Permission, ...] = ()


def may_judge_content(actor: Actor, unit_path: str | None) -> bool:
    """Whether the actor may pass, hold back or refuse a file that was sent to a unit (None: to no unit).

    The program may, and staff who may dispatch orders of the unit.
    """
    return actor.is_system or (unit_path is not None and actor.may("orders.dispatch", unit_path))
