"""Reads of the inbox, of messages on their way, of slots of scheduled jobs, and of what was given up."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true

from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid, not_found
from app.kernel.given_up import GivenUp, Kind, kinds
from app.kernel.pages import Key, Page, paginate
from app.kernel.slots import JobSlot, SlotState, in_state
from app.notifications.models import WAITING, InboxMessage, OutboxMessage
from app.notifications.policy import may_resend
from app.notifications.states import OutboxState
from app.people.queries import audit_unit_of


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


def count_waiting() -> int:
    """Returns how many messages are not delivered and not given up."""
    return session.scalar(select(func.count()).select_from(OutboxMessage).where(WAITING)) or 0


def longest_wait_seconds() -> float:
    """Returns for how many seconds the oldest waiting message has waited; 0 where none waits."""
    oldest = session.scalar(select(func.min(OutboxMessage.created_at)).where(WAITING))
    return 0 if oldest is None else (now() - oldest).total_seconds()


def _about_message(row: OutboxMessage) -> dict[str, Any]:
    return {
        "recipient_id": row.recipient_id,
        "moment": row.moment,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "urgent": row.urgent,
        "created_at": to_local(row.created_at).isoformat(),
    }


GIVEN_UP = Kind(
    "message",
    "没有送达、已停下的消息（条）",
    OutboxMessage,
    _about_message,
    unit_of=lambda row: audit_unit_of(row.recipient_id),
)


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


def rows_visible_to(actor: Actor, kind: Kind) -> Select[Any]:
    """The rows of a kind, given up or not; raises Forbidden `given_up.not_allowed`."""
    (condition,) = _visible(actor, [kind]).values()
    return select(kind.model).where(condition)


def given_up(actor: Actor, *, kind: str | None, cursor: str | None, limit: int) -> Page[GivenUp]:
    """What was given up: the kinds in the order in which they are declared, the rows by their key.

    Without `kind` all kinds of which the actor may see any. Raises Invalid `given_up.unknown_kind`
    and `cursor.invalid`, Forbidden `given_up.not_allowed`.
    """
    asked = [one for one in kinds().values() if kind in (None, one.name)]
    if not asked:
        raise Invalid("given_up.unknown_kind", "没有这一类，请看接口文档。")
    visible = _visible(actor, asked)
    names = list(visible)
    first, _, within = (cursor or names[0]).partition(".")
    if first not in visible:
        raise Invalid("cursor.invalid", "翻页位置无效，请从第一页重新看。")
    found: list[GivenUp] = []
    for name in names[names.index(first) :]:
        one, left = kinds()[name], limit - len(found)
        rows = one.rows().where(visible[name])
        page = paginate(rows, one.keys(), cursor=within, limit=max(left, 1))
        if page.items and not left:
            return Page(found, f"{name}.")
        found += [one.shown(row) for row in page.items]
        if page.next_cursor:
            return Page(found, f"{name}.{page.next_cursor}")
        within = ""
    return Page(found, None)


def _visible(actor: Actor, asked: Iterable[Kind]) -> dict[str, ColumnElement[bool]]:
    """By kind the rows that the actor may see; a kind is left out where there can be none."""
    everything = true() if may_resend(actor) else None
    said = {
        kind.name: kind.visible_to(actor) if kind.visible_to is not None else everything
        for kind in asked
    }
    visible = {name: condition for name, condition in said.items() if condition is not None}
    if not visible:
        raise Forbidden("given_up.not_allowed", "您没有查看和重做已停下的任务的权限。")
    return visible


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
