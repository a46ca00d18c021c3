"""The columns of an order."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.categories.states import Urgency
from app.kernel.database import Id, Model
from app.orders.ticket.states import (
    CloseKind,
    ContentState,
    DispatchMode,
    HandlerKind,
    OrderStatus,
    Source,
)

# Columns that the erasure of the requester empties: the words, and of a home the place too.
WORDS = {"erased": "words"}
PLACE = {"erased": "place"}


class OrderColumns(Model):
    """The columns of an order's row.

    `version` is the seq of the last history row and `head` its hash. `handling_path` repeats the path
    of the handling unit, so that a subtree is one prefix. `holder_id` answers for the order while it
    is claimed, in progress or suspended; `offered_to_id` is asked while it is dispatched directly;
    `helper_ids` go along with either.
    """

    __abstract__ = True

    @classmethod
    def erased_columns(cls, part: str) -> list[str]:
        """The names of the columns that an erasure empties: of "words" or of "place"."""
        return [c.key for c in cls.__table__.columns if c.info.get("erased") == part]

    def empty(self, part: str) -> None:
        """Empties those columns: to the column's default, or to nothing."""
        for name in self.erased_columns(part):
            default = getattr(self.__table__.c[name].default, "arg", None)
            setattr(self, name, default(None) if default else None)

    id: Mapped[Id]
    status: Mapped[OrderStatus]
    round: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=0)
    head: Mapped[str] = mapped_column(default="")

    handling_unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    handling_path: Mapped[str]
    first_unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    attention_unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("places.id"), index=True, info=PLACE)
    latitude: Mapped[float | None] = mapped_column(info=PLACE)
    longitude: Mapped[float | None] = mapped_column(info=PLACE)

    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"), index=True)
    urgency: Mapped[Urgency]
    wished_urgency: Mapped[Urgency | None]
    green_channel: Mapped[bool] = mapped_column(default=False)
    sensitive: Mapped[bool] = mapped_column(default=False)
    public_place: Mapped[bool] = mapped_column(default=False)
    anonymous: Mapped[bool] = mapped_column(default=False)
    source: Mapped[Source]
    external_number: Mapped[str | None] = mapped_column(index=True)
    external_system: Mapped[str | None]
    description: Mapped[str | None] = mapped_column(info=WORDS)
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict, info=WORDS)
    preferred_times: Mapped[list[Any]] = mapped_column(default=list, info=WORDS)
    photo_ids: Mapped[list[int]] = mapped_column(default=list, info=WORDS)
    voice_id: Mapped[int | None] = mapped_column(info=WORDS)
    content_state: Mapped[ContentState] = mapped_column(default=ContentState.PENDING)

    requester_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    placer_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    contact_index: Mapped[str | None] = mapped_column(index=True, info=WORDS)

    mode: Mapped[DispatchMode | None]
    offered_to_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    holder_kind: Mapped[HandlerKind | None]
    helper_ids: Mapped[list[int]] = mapped_column(default=list)
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id"))
    task: Mapped[str | None]
    people_needed: Mapped[int] = mapped_column(default=1)
    returns: Mapped[int] = mapped_column(default=0)
    visit_code: Mapped[str]
    visited_at: Mapped[datetime | None]
    appointed_at: Mapped[datetime | None]

    submitted_at: Mapped[datetime]
    # The time of the import from another system; nobody is reminded of anything before it.
    imported_at: Mapped[datetime | None]
    entered_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    last_sign_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_kind: Mapped[CloseKind | None]
    due_at: Mapped[datetime | None]
    imposed_due_at: Mapped[datetime | None]
    next_due_at: Mapped[datetime | None] = mapped_column()
    extensions: Mapped[int] = mapped_column(default=0)
    # 立项计划: the planned date of an order that needs more than a month, with monthly reports.
    planned_until: Mapped[datetime | None]
    reminded: Mapped[int] = mapped_column(default=0)

    suspended_at: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]
    suspended_from: Mapped[OrderStatus | None]
    suspensions: Mapped[int] = mapped_column(default=0)
    suspended_seconds: Mapped[int] = mapped_column(default=0)
    long_term: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime | None]
    urged_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    to_decide: Mapped[bool] = mapped_column(default=False)
    appealed: Mapped[bool] = mapped_column(default=False)
    follow_up_due: Mapped[bool] = mapped_column(default=False)
    follower_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    parent_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    joined: Mapped[int] = mapped_column(default=0)
