"""An order and what hangs on it; personal words stand in side rows that erasure deletes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func, literal, text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.categories.states import Urgency
from app.kernel.clock import local_date
from app.kernel.database import Id, Model, UTCDateTime
from app.kernel.errors import Conflict
from app.orders.ticket.states import (
    HELD,
    OPEN,
    STAFF_WORDS,
    TABLE,
    Action,
    CloseKind,
    ContentState,
    DispatchMode,
    HandlerKind,
    OrderStatus,
    Source,
)

FAR_AWAY = datetime(9999, 1, 1, tzinfo=UTC)
_OPEN_SQL = text("status IN ('submitted','dispatched','claimed','in_progress','suspended')")
# Of an index that is full of NULLs SQLite believes that it finds nothing, and reads all orders.
_PLACED = text("placer_id IS NOT NULL")
_PARTS = text("parent_id IS NOT NULL")
_FROM_ELSEWHERE = text("external_system IS NOT NULL")


class Order(Model):
    """One matter of one resident, from the placing to the settling.

    `version` is the seq of the last history row and `head` its hash. `handling_path` repeats the path
    of the handling unit, so that a subtree is one prefix. `holder_id` answers for the order while it is
    claimed, in progress or suspended; `offered_to_id` is asked while it is dispatched directly;
    `helper_ids` go along with either.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index(
            "ix_orders_path", "handling_path", postgresql_ops={"handling_path": "text_pattern_ops"}
        ),
        Index("ix_orders_list", "green_channel", "submitted_at", "id"),
        Index(
            "ix_orders_due", "next_due_at", "id", postgresql_where=_OPEN_SQL, sqlite_where=_OPEN_SQL
        ),
        # Few have one: an index of the rest would make SQLite read them all.
        Index("ix_orders_placer", "placer_id", postgresql_where=_PLACED, sqlite_where=_PLACED),
        Index("ix_orders_parts", "parent_id", postgresql_where=_PARTS, sqlite_where=_PARTS),
        Index("ix_orders_holder", "holder_id", "status"),
        Index("ix_orders_status", "status", "entered_at"),
        Index(
            "ix_orders_nearby",
            "category_id",
            "status",
            "latitude",
            "longitude",
            postgresql_where=text("public_place AND latitude IS NOT NULL"),
            # As the condition is written there.
            sqlite_where=text("public_place = 1 AND latitude IS NOT NULL"),
        ),
        # What came from another system comes once.
        Index(
            "uq_orders_external",
            "external_system",
            "external_number",
            unique=True,
            postgresql_where=_FROM_ELSEWHERE,
            sqlite_where=_FROM_ELSEWHERE,
        ),
    )

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
    place_id: Mapped[int | None] = mapped_column(ForeignKey("places.id"), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]

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
    description: Mapped[str | None]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    preferred_times: Mapped[list[Any]] = mapped_column(default=list)
    photo_ids: Mapped[list[int]] = mapped_column(default=list)
    voice_id: Mapped[int | None]
    content_state: Mapped[ContentState] = mapped_column(default=ContentState.PENDING)

    requester_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    placer_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    contact_index: Mapped[str | None] = mapped_column(index=True)

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
    # When it came in from another system; what lies before is nobody's to be reminded of.
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
    # A dated plan for what cannot be solved within a month; reported on every month until then.
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

    # Orders without a date come last in the list by date; keyset pages admit no null.
    sort_due_at: Mapped[datetime] = column_property(
        func.coalesce(next_due_at, literal(FAR_AWAY, UTCDateTime))
    )

    @property
    def number(self) -> str:
        """What people read out on the phone: the day of the placing and the id."""
        return f"{local_date(self.submitted_at):%y%m%d}{self.id:06d}"

    @property
    def is_open(self) -> bool:
        """Submitted, dispatched, claimed, in progress or suspended."""
        return self.status in OPEN

    @property
    def is_held(self) -> bool:
        """Whether somebody answers for it now."""
        return self.status in HELD

    def check_action(self, action: Action, words: Mapping[OrderStatus, str] = STAFF_WORDS) -> None:
        """Raises Conflict `order.action_not_allowed` where the table has no such row."""
        if self.status not in TABLE[action].start:
            raise Conflict(
                "order.action_not_allowed",
                f"工单现在是“{words[self.status]}”，不能{TABLE[action].word}。",
            )

    def move(self, action: Action, to: OrderStatus, at: datetime) -> None:
        """Goes to another state by a row of the table; the order's own times follow."""
        self.check_action(action)
        if to is not self.status and to not in TABLE[action].to:
            raise Conflict(
                "order.action_not_allowed",
                f"{TABLE[action].word}不能使工单变为“{STAFF_WORDS[to]}”。",
            )
        if to is self.status and action is not Action.REASSIGN:
            return
        self.status = to
        self.entered_at = at
        if to not in HELD:
            self.holder_id = self.holder_kind = self.provider_id = None
            self.last_sign_at = self.appointed_at = self.visited_at = None
            self.helper_ids = []
            self._end_pause()
        if to is not OrderStatus.DISPATCHED:
            self.offered_to_id = None
        if to not in OPEN:
            self.next_due_at = None

    def _end_pause(self) -> None:
        self.suspended_at = self.suspended_until = self.suspended_from = None

    def end_pause(self, at: datetime) -> None:
        """A pause, if there is one, ends and counts."""
        if self.suspended_at is None:
            return
        self.suspended_seconds += int((at - self.suspended_at).total_seconds())
        self._end_pause()

    def give_out(
        self, action: Action, at: datetime, *, mode: DispatchMode, offered_to_id: int | None = None
    ) -> None:
        """Into the pool, or offered to one person."""
        self.move(action, OrderStatus.DISPATCHED, at)
        self.mode = mode
        self.offered_to_id = offered_to_id
        self.dispatched_at = at

    def hold(
        self,
        action: Action,
        at: datetime,
        *,
        kind: HandlerKind,
        holder_id: int | None,
        provider_id: int | None = None,
    ) -> None:
        """Somebody answers for it from now on."""
        self.move(action, OrderStatus.CLAIMED, at)
        self.holder_id, self.holder_kind, self.provider_id = holder_id, kind, provider_id
        self.claimed_at = self.entered_at = at
        self.last_sign_at = self.appointed_at = self.visited_at = None
        self._end_pause()

    def come_back(self, action: Action, at: datetime) -> None:
        """To the dispatcher's desk again, in the same round; how it was given out is over."""
        self.move(action, OrderStatus.SUBMITTED, at)
        self._take_back()

    def _take_back(self) -> None:
        self.mode = self.dispatched_at = None
        # A part is its task, whoever has it.
        if self.parent_id is None:
            self.task = None

    def new_round(self, action: Action, at: datetime) -> None:
        """重办: the same order, a round later, with nothing held over but its first lateness."""
        self.move(action, OrderStatus.SUBMITTED, at)
        self._take_back()
        self.round += 1
        self.merged_into_id = None
        self.returns = self.suspensions = self.suspended_seconds = self.reminded = 0
        self.completed_at = self.closed_at = self.close_kind = self.checked_at = None
        self.acknowledged_at = self.claimed_at = None
        self.long_term = self.follow_up_due = False
        self.due_at = self.next_due_at = self.planned_until = None

    def complete(self, action: Action, at: datetime) -> None:
        """The handler, or the desk, says done."""
        holder = self.holder_id, self.holder_kind, self.provider_id, self.helper_ids
        self.move(action, OrderStatus.COMPLETED, at)
        # Kept so that a check can give it back, and the requester sees who did it.
        self.holder_id, self.holder_kind, self.provider_id, self.helper_ids = holder
        self.completed_at = at
        self.reminded = 0

    def close(self, action: Action, at: datetime, kind: CloseKind) -> None:
        """Off the table."""
        self.move(action, OrderStatus.CLOSED, at)
        self.closed_at = at
        self.close_kind = kind
