"""Writes messages into the outbox in the caller's transaction, and delivers them to the inboxes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import database_now, is_sqlite, lock, session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import insert_ignore, put, table_of
from app.kernel.errors import Conflict, not_found
from app.kernel.given_up import GivenUp, kinds
from app.kernel.messages import templates
from app.kernel.queue import BACKOFF, MAX_ATTEMPTS
from app.notifications.models import WAITING, InboxMessage, OutboxMessage
from app.notifications.policy import resending_root
from app.notifications.queries import (
    get_visible_message,
    inbox_visible_to,
    rows_visible_to,
)
from app.notifications.states import (
    BATCH,
    BATCH_ON_SQLITE,
    INBOX_KEPT,
    LEASE,
    OUTBOX_KEPT,
    OutboxState,
)
from app.people.models import Person
from app.people.states import PersonStatus

log = structlog.get_logger("notifications")
outbox, inbox = table_of(OutboxMessage), table_of(InboxMessage)


def notify(
    recipients: Iterable[int],
    moment: str,
    *,
    subject: tuple[str, int],
    params: Mapping[str, str | int],
    urgent: bool = False,
) -> None:
    """Writes one message for each recipient; erased and unknown people get none.

    It is one statement in the caller's transaction. `moment` names the template, `params` fill it
    in, `subject` is (kind, id). An unknown moment or a missing param is a fault of the program and
    raises KeyError at once.
    """
    _rendered(moment, params)
    wanted = sorted(set(recipients))
    if not wanted:
        return
    kind, subject_id = subject
    values = {
        "moment": moment,
        "subject_kind": kind,
        "subject_id": subject_id,
        "params": dict(params),
        "urgent": urgent,
        "created_at": now(),
    }
    put(_NOTIFY, {**values, "recipients": wanted})


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person, with the arguments of `notify`."""

    recipient_id: int
    moment: str
    subject: tuple[str, int]
    params: Mapping[str, str | int] = field(default_factory=dict)
    urgent: bool = False


def notify_each(messages: Sequence[Message]) -> None:
    """Writes all these messages, as `notify` does for one; people may get different ones."""
    for message in messages:
        _rendered(message.moment, message.params)
    wanted = {message.recipient_id for message in messages}
    here = select(Person.id).where(Person.id.in_(wanted), Person.status != PersonStatus.ERASED)
    present = set(session.scalars(here)) if wanted else set()
    at = now()
    rows = [
        {
            "recipient_id": message.recipient_id,
            "moment": message.moment,
            "subject_kind": message.subject[0],
            "subject_id": message.subject[1],
            "params": dict(message.params),
            "urgent": message.urgent,
            "created_at": at,
        }
        for message in messages
        if message.recipient_id in present
    ]
    if rows:
        session.execute(insert(outbox), rows)


_people = table_of(Person)
_TOLD = ("moment", "subject_kind", "subject_id", "params", "urgent", "created_at")
_FIRST = {"state": OutboxState.QUEUED, "attempts": 0, "fence": 0}
_NOTIFY = (
    insert(outbox)
    .from_select(
        ["recipient_id", *_TOLD, *_FIRST],
        select(
            _people.c.id,
            *(bindparam(name, type_=outbox.c[name].type) for name in _TOLD),
            *(literal(value, outbox.c[name].type) for name, value in _FIRST.items()),
        )
        .where(
            among(_people.c.id, "recipients"),
            _people.c.status != PersonStatus.ERASED,
        )
        .order_by(_people.c.id),
        include_defaults=False,
    )
    .inline()
)


def mark_read(actor: Actor, message_id: int) -> InboxMessage:
    """Marks one of the actor's own messages as read and returns it; the first reading time stays.

    Raises NotFound `not_found`.
    """
    get_visible_message(actor, message_id)
    session.execute(
        update(InboxMessage)
        .where(InboxMessage.id == message_id, InboxMessage.read_at.is_(None))
        .values(read_at=now())
    )
    return get_visible_message(actor, message_id)


def mark_all_read(actor: Actor) -> None:
    """Marks all of the actor's own messages as read."""
    unread = inbox_visible_to(actor).where(InboxMessage.read_at.is_(None))
    session.execute(
        update(InboxMessage)
        .where(InboxMessage.id.in_(unread.with_only_columns(InboxMessage.id)))
        .values(read_at=now())
    )


def retry_given_up(actor: Actor, kind: str, row_id: str) -> GivenUp:
    """Sends again what was given up: the next round of its job takes it up, with all its attempts.

    Raises Forbidden `given_up.not_allowed`, NotFound, and Conflict `given_up.not_any_more`.
    """
    of_kind = kinds().get(kind)
    if of_kind is None:
        raise not_found()
    asked = rows_visible_to(actor, of_kind).where(of_kind.has_id(row_id))
    row = session.scalars(lock(asked)).one_or_none()
    if row is None:
        raise not_found()
    if row.given_up_at is None:
        raise Conflict("given_up.not_any_more", "这一项没有停下，不用重做。")
    unit_id = of_kind.unit_of(row) or resending_root(actor)
    row.send_again()
    session.flush()
    number = int(row_id) if row_id.isdigit() else 0
    audit.record(actor, "given_up.retried", kind, number, reason=row_id, unit_id=unit_id)
    return of_kind.shown(row)


def deliver_batch(limit: int = BATCH) -> int:
    """Delivers due messages, urgent ones first; returns how many it took, 0 when none is left.

    Taking a message, its inbox row and the state "sent" are one transaction; so when the process is
    killed, the message stays as it was. The lease is for senders over the network, which must
    commit the taking before they send; a message that such a sender has left is taken here when the
    lease is over. (Such a sender must also take at most one message of a recipient at a time,
    because WeChat refuses two sends to one user at once.)
    """
    claimed = _claim(_batch(limit))
    if claimed and not _is_handed_over(claimed):
        for message in claimed:
            _try_alone(message)
    return len(claimed)


def erase_messages_of(person_id: int) -> None:
    """Deletes all messages to the person.

    The outbox goes first, so that nothing is delivered in between.
    """
    session.execute(delete(outbox).where(outbox.c.recipient_id == person_id))
    session.execute(delete(inbox).where(inbox.c.recipient_id == person_id))


def forget_old_messages(limit: int = BATCH) -> int:
    """Deletes a batch of old messages; returns how many rows, 0 when none is left.

    Read inbox messages and messages that were given up go after 180 days, delivered messages of the
    outbox after 30 days. Messages that were delivered while their recipient was being erased go
    too.
    """
    moment = now()
    erased = select(Person.id).where(Person.status == PersonStatus.ERASED)
    old = (
        and_(inbox.c.read_at.is_not(None), inbox.c.created_at < moment - INBOX_KEPT),
        and_(outbox.c.state == OutboxState.SENT, outbox.c.sent_at < moment - OUTBOX_KEPT),
        and_(outbox.c.state == OutboxState.GIVEN_UP, outbox.c.created_at < moment - INBOX_KEPT),
        outbox.c.recipient_id.in_(erased),
        inbox.c.recipient_id.in_(erased),
    )
    tables = (inbox, outbox, outbox, outbox, inbox)
    return sum(_delete(table, which, limit) for table, which in zip(tables, old, strict=True))


def _delete(table: Table, which: ColumnElement[bool], limit: int) -> int:
    some = select(table.c.id).where(which).limit(_batch(limit))
    result = session.execute(delete(table).where(table.c.id.in_(some)))
    return int(getattr(result, "rowcount", 0))


def _batch(limit: int) -> int:
    return min(limit, BATCH_ON_SQLITE if is_sqlite() else BATCH)


def _claim(limit: int) -> list[Row[Any]]:
    moment = database_now()
    claimed: list[Row[Any]] = []
    for urgent in (True, False):
        if len(claimed) < limit:
            claimed += _claim_some(limit - len(claimed), moment, urgent=urgent)
    return claimed


def _claim_some(limit: int, moment: datetime, *, urgent: bool) -> list[Row[Any]]:
    due = or_(
        and_(
            outbox.c.state == OutboxState.QUEUED,
            or_(outbox.c.not_before.is_(None), outbox.c.not_before <= moment),
        ),
        and_(outbox.c.state == OutboxState.SENDING, outbox.c.lease_until <= moment),
    )
    # A CTE picks the rows once; PostgreSQL may run a plain subquery again for each row.
    picked = (
        select(outbox.c.id)
        .where(WAITING, outbox.c.urgent == urgent, due)
        .order_by(outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    claim = (
        update(outbox)
        .where(outbox.c.id.in_(select(picked.c.id)))
        .values(
            state=OutboxState.SENDING,
            attempts=outbox.c.attempts + 1,
            fence=outbox.c.fence + 1,
            lease_until=moment + LEASE,
        )
        .returning(outbox)
    )
    return sorted(session.execute(claim), key=lambda row: int(row.id))


def _is_handed_over(messages: Sequence[Row[Any]]) -> bool:
    """Delivers all of the messages and returns True, or delivers none and returns False."""
    try:
        with session.begin_nested():
            _hand_over(messages)
    except Exception as broken:  # whatever is wrong with one message must not stop the others
        log.warning("messages.batch_failed", count=len(messages), error=type(broken).__name__)
        return False
    return True


def _try_alone(message: Row[Any]) -> None:
    try:
        with session.begin_nested():
            _hand_over([message])
    except Exception as broken:  # as in _is_handed_over
        _put_back(message, type(broken).__name__)


def _hand_over(messages: Sequence[Row[Any]]) -> None:
    recipients = {message.recipient_id for message in messages}
    here = set(
        session.scalars(
            select(Person.id).where(Person.id.in_(recipients), Person.status != PersonStatus.ERASED)
        )
    )
    delivered = [_inbox_values(message) for message in messages if message.recipient_id in here]
    if delivered:
        insert_ignore(InboxMessage, delivered, conflict=["outbox_id"])
    gone = [message.id for message in messages if message.recipient_id not in here]
    if gone:
        session.execute(delete(outbox).where(outbox.c.id.in_(gone)))
    session.execute(
        update(outbox)
        .where(_held(messages))
        .values(state=OutboxState.SENT, sent_at=now(), lease_until=None, last_error=None)
    )


def _put_back(message: Row[Any], error: str) -> None:
    is_given_up = message.attempts >= MAX_ATTEMPTS
    waits = None if is_given_up else database_now() + BACKOFF[message.attempts - 1]
    session.execute(
        update(outbox)
        .where(_held([message]))
        .values(
            state=OutboxState.GIVEN_UP if is_given_up else OutboxState.QUEUED,
            not_before=waits,
            lease_until=None,
            last_error=error,
            given_up_at=now() if is_given_up else None,
        )
    )
    if is_given_up:
        log.error("message.given_up", message_id=message.id, moment=message.moment, error=error)


def _held(messages: Sequence[Row[Any]]) -> ColumnElement[bool]:
    """Returns the condition that these messages are still taken by this sender."""
    return and_(
        outbox.c.state == OutboxState.SENDING,
        tuple_(outbox.c.id, outbox.c.fence).in_([(m.id, m.fence) for m in messages]),
    )


def _inbox_values(message: Row[Any]) -> dict[str, Any]:
    title, text = _rendered(message.moment, message.params)
    return {
        "recipient_id": message.recipient_id,
        "outbox_id": message.id,
        "moment": message.moment,
        "title": title,
        "text": text,
        "subject_kind": message.subject_kind,
        "subject_id": message.subject_id,
        "urgent": message.urgent,
        "created_at": message.created_at,
    }


def _rendered(moment: str, params: Mapping[str, Any]) -> tuple[str, str]:
    template = templates()[moment]
    return template.title.format_map(params), template.text.format_map(params)
