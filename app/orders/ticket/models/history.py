"""The history of an order: a chain of acts, and side rows with their words, which can be erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model
from app.orders.ticket.states import Action, OrderStatus


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
    """The words, pictures and details of one act, with the salt of their seal."""

    __tablename__ = "order_event_contents"

    event_id: Mapped[int] = mapped_column(
        ForeignKey("order_events.id"), primary_key=True, autoincrement=False
    )
    salt: Mapped[str]
    note: Mapped[str | None]
    photo_ids: Mapped[list[int]]
    details: Mapped[dict[str, Any]]
