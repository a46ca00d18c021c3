"""Rules: who may change the tree."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.people import roles

PERMISSIONS = (Permission("categories.edit", "维护分类", roles=(roles.ADMIN,)),)


def may_edit_category(actor: Actor, unit_path: str | None) -> bool:
    """Returns whether the actor may change a category of the unit with this path.

    `categories.edit` at the unit or above it is needed; for a category of all units (None) at a
    root unit. The program itself always may.
    """
    if actor.is_system:
        return True
    if unit_path is not None:
        return actor.may("categories.edit", unit_path)
    return any(path.count("/") == 2 for path in actor.paths("categories.edit"))
