"""Reads of the inbox, of the outbox, and of the slots of scheduled jobs."""

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
    """Returns a statement for the actor's own messages."""
    return select(InboxMessage).where(InboxMessage.recipient_id == actor.own_id)


def inbox(actor: Actor, *, unread: bool, cursor: str | None, limit: int) -> Page[InboxMessage]:
    """Returns a page of the actor's own messages, newest first; raises Invalid `cursor.invalid`."""
    statement = inbox_visible_to(actor)
    if unread:
        statement = statement.where(InboxMessage.read_at.is_(None))
    return paginate(statement, [Key(InboxMessage.id, desc=True)], cursor=cursor, limit=limit)


def get_visible_message(actor: Actor, message_id: int) -> InboxMessage:
    """Returns one of the actor's own messages; raises NotFound `not_found`."""
    message = session.scalar(inbox_visible_to(actor).where(InboxMessage.id == message_id))
    if message is None:
        raise not_found()
    return message


def unread_count(actor: Actor) -> int:
    """Returns how many of the actor's own messages are unread."""
    statement = inbox_visible_to(actor).where(InboxMessage.read_at.is_(None))
    return session.scalar(statement.with_only_columns(func.count())) or 0


def outbox_visible_to(actor: Actor) -> Select[OutboxMessage]:
    """Returns a statement for all messages of the outbox, for administrators.

    They see recipient, time and state, but not the text. Raises Forbidden `message.not_allowed`.
    """
    if not may_resend(actor):
        raise Forbidden("message.not_allowed", "您没有查看消息发送情况的权限。")
    return select(OutboxMessage)


def outbox(
    actor: Actor, *, state: OutboxState, cursor: str | None, limit: int
) -> Page[OutboxMessage]:
    """Returns a page of messages of the outbox in that state, newest first.

    Raises Forbidden `message.not_allowed`, Invalid `cursor.invalid`.
    """
    statement = outbox_visible_to(actor).where(OutboxMessage.state == state)
    return paginate(statement, [Key(OutboxMessage.id, desc=True)], cursor=cursor, limit=limit)


def get_visible_outbox_message(actor: Actor, message_id: int) -> OutboxMessage:
    """Returns one message of the outbox.

    Raises Forbidden `message.not_allowed`, NotFound `not_found`.
    """
    message = session.scalar(outbox_visible_to(actor).where(OutboxMessage.id == message_id))
    if message is None:
        raise not_found()
    return message


def count_waiting() -> int:
    """Returns how many messages are not delivered and not given up."""
    return session.scalar(select(func.count()).select_from(OutboxMessage).where(WAITING)) or 0


def longest_wait_seconds() -> float:
    """Returns for how many seconds the oldest waiting message has waited; 0 where none waits."""
    oldest = session.scalar(select(func.min(OutboxMessage.created_at)).where(WAITING))
    return 0 if oldest is None else (now() - oldest).total_seconds()


def count_dead() -> int:
    """Returns how many messages were given up."""
    dead = OutboxMessage.state == OutboxState.DEAD
    return session.scalar(select(func.count()).where(dead)) or 0


def slots_visible_to(actor: Actor) -> Select[JobSlot]:
    """Returns a statement for all slots of scheduled jobs, for administrators.

    Raises Forbidden `slot.not_allowed`.
    """
    if not may_resend(actor):
        raise Forbidden("slot.not_allowed", "您没有查看定期任务的权限。")
    return select(JobSlot)


def slots(actor: Actor, *, state: SlotState, cursor: str | None, limit: int) -> Page[JobSlot]:
    """Returns a page of slots in that state, sorted by job and slot.

    Raises Forbidden `slot.not_allowed`, Invalid `cursor.invalid`.
    """
    statement = slots_visible_to(actor).where(in_state(state))
    return paginate(statement, [Key(JobSlot.name), Key(JobSlot.slot)], cursor=cursor, limit=limit)


def exported_inbox(person_id: int) -> list[dict[str, Any]]:
    """Returns the person's messages, oldest first, ready for the JSON of the copy of the own data."""
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
