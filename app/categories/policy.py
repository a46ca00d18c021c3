"""Who keeps the tree."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.people import roles

PERMISSIONS = (Permission("categories.edit", "维护分类", roles=(roles.ADMIN,)),)


def may_edit_category(actor: Actor, unit_path: str | None) -> bool:
    """A unit's own categories: its administrators and those above; everyone's (None): a root's."""
    if actor.is_system:
        return True
    if unit_path is not None:
        return actor.may("categories.edit", unit_path)
    return any(path.count("/") == 2 for path in actor.paths("categories.edit"))
