"""Reads of the inbox, of messages on their way, and of the slots of scheduled jobs."""

from typing import Any

from sqlalchemy import Select, func, select

from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.kernel.errors import Forbidden, not_found
from app.kernel.pages import Key, Page, paginate
from app.kernel.slots import JobSlot, SlotState, in_state
from app.notifications.models import WAITING, InboxMessage, OutboxMessage
from app.notifications.policy import may_resend
from app.notifications.states import OutboxState


def inbox_visible_to(actor: Actor) -> Select[InboxMessage]:
    """The own messages alone."""
    return select(InboxMessage).where(InboxMessage.recipient_id == actor.own_id)


def inbox(actor: Actor, *, unread: bool, cursor: str | None, limit: int) -> Page[InboxMessage]:
    """The own messages, newest first."""
    statement = inbox_visible_to(actor)
    if unread:
        statement = statement.where(InboxMessage.read_at.is_(None))
    return paginate(statement, [Key(InboxMessage.id, desc=True)], cursor=cursor, limit=limit)


def get_visible_message(actor: Actor, message_id: int) -> InboxMessage:
    """One own message, or NotFound."""
    message = session.scalar(inbox_visible_to(actor).where(InboxMessage.id == message_id))
    if message is None:
        raise not_found()
    return message


def unread_count(actor: Actor) -> int:
    """How many of the own messages have not been read."""
    statement = inbox_visible_to(actor).where(InboxMessage.read_at.is_(None))
    return session.scalar(statement.with_only_columns(func.count())) or 0


def outbox_visible_to(actor: Actor) -> Select[OutboxMessage]:
    """All of it for administrators, who are told who and when, never what it says."""
    if not may_resend(actor):
        raise Forbidden("message.not_allowed", "您没有查看消息发送情况的权限。")
    return select(OutboxMessage)


def outbox(
    actor: Actor, *, state: OutboxState, cursor: str | None, limit: int
) -> Page[OutboxMessage]:
    """Messages in that state, newest first."""
    statement = outbox_visible_to(actor).where(OutboxMessage.state == state)
    return paginate(statement, [Key(OutboxMessage.id, desc=True)], cursor=cursor, limit=limit)


def get_visible_outbox_message(actor: Actor, message_id: int) -> OutboxMessage:
    """One message on its way, or NotFound."""
    message = session.scalar(outbox_visible_to(actor).where(OutboxMessage.id == message_id))
    if message is None:
        raise not_found()
    return message


def count_waiting() -> int:
    """How many messages are to be delivered."""
    return session.scalar(select(func.count()).select_from(OutboxMessage).where(WAITING)) or 0


def longest_wait_seconds() -> float:
    """For how long the oldest of them has waited; 0 where none does."""
    oldest = session.scalar(select(func.min(OutboxMessage.created_at)).where(WAITING))
    return 0 if oldest is None else (now() - oldest).total_seconds()


def count_dead() -> int:
    """How many messages were given up."""
    dead = OutboxMessage.state == OutboxState.DEAD
    return session.scalar(select(func.count()).where(dead)) or 0


def slots_visible_to(actor: Actor) -> Select[JobSlot]:
    """All of them for administrators."""
    if not may_resend(actor):
        raise Forbidden("slot.not_allowed", "您没有查看定期任务的权限。")
    return select(JobSlot)


def slots(actor: Actor, *, state: SlotState, cursor: str | None, limit: int) -> Page[JobSlot]:
    """Slots in that state, by job and slot."""
    statement = slots_visible_to(actor).where(in_state(state))
    return paginate(statement, [Key(JobSlot.name), Key(JobSlot.slot)], cursor=cursor, limit=limit)


def exported_inbox(person_id: int) -> list[dict[str, Any]]:
    """A person's messages as they are handed over in a copy of the own data."""
    rows = session.scalars(
        select(InboxMessage).where(InboxMessage.recipient_id == person_id).order_by(InboxMessage.id)
    )
    return [
        {
            "title": row.title,
            "text": row.text,
            "created_at": to_local(row.created_at).isoformat(),
            "read_at": to_local(row.read_at).isoformat() if row.read_at else None,
        }
        for row in rows
    ]
