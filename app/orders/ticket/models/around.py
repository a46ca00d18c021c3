"""The side rows of an order: contact, handlers, requests, ratings, calls, joiners, missed visits."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.crypto import seal, unseal
from app.kernel.database import Id, Model
from app.orders.ticket.states import HandlerKind, RequestKind, RequestState


class OrderContact(Model):
    """The person to call and the address to go to: sealed, one row an order, deleted by erasure."""

    __tablename__ = "order_contacts"

    order_id: Mapped[int] = mapped_column(
        ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[str | None]

    FIELDS = ("name", "phone", "address")

    def put(self, **plain: str | None) -> None:
        """Seals the given fields of name, phone and address; an empty value removes the field."""
        for field, value in plain.items():
            setattr(self, field, seal(value, self._context(field)) if value else None)

    def opened(self, field: str) -> str | None:
        """One field in clear; None where it is empty.

        `self` may also be a row of a statement that has `order_id` and the field.
        """
        sealed: str | None = getattr(self, field)
        return unseal(sealed, OrderContact._context(self, field)) if sealed else None

    def _context(self, field: str) -> str:
        return f"order_contacts.{field}:{self.order_id}"


class OrderAssignee(Model):
    """A person or provider who handles the order, from `since` to `until`; `part` marks a helper."""

    __tablename__ = "order_assignees"
    __table_args__ = (Index("ix_order_assignees_person", "person_id", "since"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    kind: Mapped[HandlerKind]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id"))
    part: Mapped[str | None]
    by_claim: Mapped[bool] = mapped_column(default=False)
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class OrderRequest(Model):
    """A request for an agreement; at most one of a kind is pending for an order."""

    __tablename__ = "order_requests"
    __table_args__ = (
        Index(
            "uq_order_requests_pending",
            "order_id",
            "kind",
            unique=True,
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index("ix_order_requests_until", "state", "until"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    kind: Mapped[RequestKind]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    unit_path: Mapped[str]
    asked_at: Mapped[datetime]
    until: Mapped[datetime]
    state: Mapped[RequestState]
    details: Mapped[dict[str, Any]]
    reason: Mapped[str | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]

    @property
    def named(self) -> dict[str, Any]:
        """The details by which the history of the order names the request: its id and its kind."""
        return {"request_id": self.id, "asked": self.kind}

    def answer(self, state: RequestState, at: datetime, person_id: int | None = None) -> None:
        """Sets the state: agreed or refused by this person, or lapsed without one."""
        self.state, self.decided_at, self.decided_by_id = state, at, person_id


class OrderRating(Model):
    """The rating of one round by the requester, or by staff on his or her word."""

    __tablename__ = "order_ratings"
    __table_args__ = (Index("ix_order_ratings_order", "order_id", "round"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    round: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    solved: Mapped[bool]
    satisfied: Mapped[bool | None]
    stars: Mapped[int | None]
    comment: Mapped[str | None]
    by_follow_up: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]


class OrderCall(Model):
    """A follow-up call and its outcome."""

    __tablename__ = "order_calls"

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    round: Mapped[int]
    caller_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    outcome: Mapped[str]
    at: Mapped[datetime]
    # The day of the call in Shanghai: unanswered calls count by days.
    day: Mapped[date]


class OrderFollower(Model):
    """附议: a person who has met the same; hears the outcome and may say 我这里还没好."""

    __tablename__ = "order_followers"
    __table_args__ = (UniqueConstraint("order_id", "person_id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    since: Mapped[datetime]
    not_solved_at: Mapped[datetime | None]

    def doubt(self, at: datetime) -> None:
        """我这里还没好: notes that the person said so after the outcome."""
        self.not_solved_at = at


class NoShow(Model):
    """没来: a report that the holder missed an appointment; it counts when the desk confirms it."""

    __tablename__ = "no_shows"

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    reported_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    def confirm(self, at: datetime, person_id: int | None) -> None:
        """核实: notes that this person of the desk found the report true."""
        self.confirmed_at, self.confirmed_by_id = at, person_id
