"""Rules: who may see and repeat messages and slots that were given up."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.people import roles

PERMISSIONS = (Permission("messages.resend", "查看和重做已停下的消息和任务", roles=(roles.ADMIN,)),)


def may_resend(actor: Actor) -> bool:
    """Returns whether the actor may see and resend messages and retry slots.

    `messages.resend` at a root unit is needed, because a message has no unit and its recipient may
    belong to several; the program itself always may.
    """
    return actor.is_system or resending_root(actor) is not None


def resending_root(actor: Actor) -> int | None:
    """Returns the id of a root unit at which the actor has `messages.resend`; None without one."""
    paths = actor.paths("messages.resend")
    return next((int(path.strip("/")) for path in paths if path.count("/") == 2), None)
