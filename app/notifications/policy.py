"""Who looks after messages that could not be delivered."""

from app.kernel.actor import Actor

PERMISSIONS: dict[str, str] = {"messages.resend": "查看和重发没有送达的消息"}


def may_resend(actor: Actor) -> bool:
    """Administrators of a root: a message has no unit, and its recipient may belong to several."""
    return actor.is_system or any(path.count("/") == 2 for path in actor.paths("messages.resend"))
