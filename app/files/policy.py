"""Who may decide what a file shows."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission

PERMISSIONS: tuple[Permission, ...] = ()


def may_judge_content(actor: Actor, unit_path: str | None) -> bool:
    """The content check itself, and whoever dispatches in the unit the file was sent to."""
    return actor.is_system or (unit_path is not None and actor.may("orders.dispatch", unit_path))
