"""Who looks after what could not be delivered, or not be done."""

from app.kernel.actor import Actor

PERMISSIONS: dict[str, str] = {"messages.resend": "查看和重做已停下的消息和任务"}


def may_resend(actor: Actor) -> bool:
    """Administrators of a root: a message has no unit, and its recipient may belong to several."""
    return actor.is_system or resending_root(actor) is not None


def resending_root(actor: Actor) -> int | None:
    """The root unit that the actor looks after these things for."""
    paths = actor.paths("messages.resend")
    return next((int(path.strip("/")) for path in paths if path.count("/") == 2), None)
