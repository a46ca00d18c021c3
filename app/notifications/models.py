"""Tables of the outbox, from which a job sends, and of the inbox, which the recipient reads."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model, Ref
from app.notifications.states import OutboxState

# Written as text, so that both databases see that the query can use the partial index.
WAITING = text("state IN ('queued', 'sending')")
GIVEN_UP = text("given_up_at IS NOT NULL")
UNREAD = text("read_at IS NULL")


class _AboutSubject:
    """The subject of a message, known by its kind and its id alone."""

    subject_kind: Mapped[str]
    subject_id: Mapped[int]

    @property
    def subject(self) -> dict[str, Any]:
        """The subject as {"kind", "id"}."""
        return {"kind": self.subject_kind, "id": self.subject_id}


class OutboxMessage(_AboutSubject, Model):
    """One message to one person; `params` hold no personal data in clear.

    `not_before` and `lease_until` are times of the database's clock, `created_at`, `sent_at` and
    `given_up_at` business times; `fence` rises with every claim, so that a sender who lost its lease
    changes nothing.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index(
            "ix_outbox_messages_waiting",
            "urgent",
            "id",
            postgresql_where=WAITING,
            sqlite_where=WAITING,
        ),
        Index("ix_outbox_messages_state_sent", "state", "sent_at"),
        Index(
            "ix_outbox_messages_given_up",
            "id",
            postgresql_where=GIVEN_UP,
            sqlite_where=GIVEN_UP,
        ),
        # A row of the inbox names its message by this id, so SQLite must never use an id twice.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    recipient_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    moment: Mapped[str]
    params: Mapped[dict[str, Any]]
    urgent: Mapped[bool]
    state: Mapped[OutboxState] = mapped_column(default=OutboxState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    given_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    def send_again(self) -> None:
        """Gives a message that was given up all its attempts anew."""
        self.state = OutboxState.QUEUED
        self.attempts = 0
        self.not_before = self.last_error = self.given_up_at = None


class InboxMessage(_AboutSubject, Model):
    """A message that the recipient reads; each message of the outbox gives at most one."""

    __tablename__ = "inbox_messages"
    __table_args__ = (
        Index("ix_inbox_messages_recipient", "recipient_id", "id"),
        Index(
            "ix_inbox_messages_unread",
            "recipient_id",
            "id",
            postgresql_where=UNREAD,
            sqlite_where=UNREAD,
        ),
        Index("ix_inbox_messages_created_at", "created_at"),
    )

    id: Mapped[Id]
    recipient_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"))
    # No foreign key: delivered rows of the outbox are deleted long before those of the inbox.
    outbox_id: Mapped[Ref] = mapped_column(unique=True)
    moment: Mapped[str]
    title: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    urgent: Mapped[bool]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
