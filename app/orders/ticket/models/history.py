"""The history of an order: a chain of acts, and side rows with their words, which can be erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model
from app.kernel.naming import Naming
from app.orders.ticket.states import Action, OrderStatus

# Details that are emptied with the words and the place of the order when its requester is erased.
GO_WITH_REQUESTER = frozenset({"task", "place_id"})


class OrderEvent(Model):
    """One act in an order's history: a row that is added, never changed, and chained by `hash`.

    `content_mac` seals words and pictures, which stand in OrderEventContent and can be erased.
    """

    __tablename__ = "order_events"
    __table_args__ = (
        UniqueConstraint("order_id", "seq"),
        Index("ix_order_events_unit", "unit_id", "id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    seq: Mapped[int]
    round: Mapped[int]
    unit_id: Mapped[int]
    action: Mapped[Action]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(index=True)
    actor_name: Mapped[str]
    on_word_of: Mapped[int | None]
    from_status: Mapped[OrderStatus | None]
    to_status: Mapped[OrderStatus]
    visible: Mapped[bool]
    content_mac: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class OrderEventContent(Model):
    """The words, pictures and details of one act, with the salt of their seal.

    A row from which something was erased has no salt: its seal cannot be checked any more, and nobody
    can guess from the seal what stood there.
    """

    __tablename__ = "order_event_contents"

    event_id: Mapped[int] = mapped_column(
        ForeignKey("order_events.id"), primary_key=True, autoincrement=False
    )
    salt: Mapped[str]
    note: Mapped[str | None]
    photo_ids: Mapped[list[int]]
    details: Mapped[dict[str, Any]]

    def forget(self, naming: Naming, *, is_own: bool) -> None:
        """Blanks an erased person out of note and details.

        With `is_own`, in an order that was the person's, the details of GO_WITH_REQUESTER go too.
        """
        gone = GO_WITH_REQUESTER if is_own else frozenset()
        details = {k: naming.blank_all(v) for k, v in self.details.items() if k not in gone}
        note = None if self.note is None else naming.blank(self.note)
        if (note, details) != (self.note, self.details):
            self.note, self.details, self.salt = note, details, ""
