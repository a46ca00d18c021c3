"""Who looks after what could not be delivered, or not be done."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.people import roles

PERMISSIONS = (
    Permission(
        "messages.resend", "查看和重发没有送达的消息，重做停下的定期任务", roles=(roles.ADMIN,)
    ),
)


def may_resend(actor: Actor) -> bool:
    """Administrators of a root: a message has no unit, and its recipient may belong to several."""
    return actor.is_system or resending_root(actor) is not None


def resending_root(actor: Actor) -> int | None:
    """The root unit that the actor looks after these things for."""
    paths = actor.paths("messages.resend")
    return next((int(path.strip("/")) for path in paths if path.count("/") == 2), None)
