"""An order: how it is made, and the acts that change what is known or asked about it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from math import ceil
from typing import Any

from sqlalchemy import Index, func, literal, text
from sqlalchemy.orm import Mapped, column_property, declared_attr

from app.categories.models import Category
from app.categories.states import Urgency
from app.kernel.clock import local_date
from app.kernel.crypto import blind_index
from app.kernel.database import UTCDateTime
from app.orders.ticket.events import OrderSubmitted
from app.orders.ticket.models.around import NoShow, OrderRequest
from app.orders.ticket.models.ending import Ending
from app.orders.ticket.models.moves import Act
from app.orders.ticket.models.placement import Placement
from app.orders.ticket.states import (
    OPEN,
    Action,
    ContentState,
    HandlerKind,
    OrderStatus,
    RequestKind,
    RequestState,
)

A, S = Action, OrderStatus
FAR_AWAY = datetime(9999, 1, 1, tzinfo=UTC)
_OPEN_SQL = text(f"status IN ({','.join(repr(s.value) for s in OrderStatus if s in OPEN)})")
# SQLite believes that an index full of NULLs finds nothing, and reads all orders.
_PLACED = text("placer_id IS NOT NULL")
_PARTS = text("parent_id IS NOT NULL")
_FROM_ELSEWHERE = text("external_system IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, of which unit, until when; `details` is what an agreement needs."""

    kind: RequestKind
    unit_id: int
    unit_path: str
    until: datetime
    reason: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Amendment:
    """What staff put right; None leaves it as it is. `contact` names the changed parts only."""

    category: Category | None = None
    urgency: Urgency | None = None
    place_id: int | None = None
    grid_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    green_channel: bool | None = None
    contact: tuple[str, ...] = ()


class Order(Ending):
    """One matter of one resident, from the placing to the settling."""

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

    @declared_attr
    @classmethod
    def sort_due_at(cls) -> Mapped[datetime]:
        """Orders without a date come last in the list by date; keyset pages admit no null."""
        return column_property(func.coalesce(cls.next_due_at, literal(FAR_AWAY, UTCDateTime)))

    @property
    def number(self) -> str:
        """What people read out on the phone: the day of the placing and the id."""
        return f"{local_date(self.submitted_at):%y%m%d}{self.id:06d}"

    @classmethod
    def placed(cls, placement: Placement, order_id: int, at: datetime) -> "Order":
        """下单: a new order with that id, its placing noted as its first act."""
        order = cls(
            id=order_id,
            status=S.SUBMITTED,
            round=1,
            version=0,
            head="",
            handling_unit_id=placement.unit_id,
            handling_path=placement.unit_path,
            first_unit_id=placement.unit_id,
            attention_unit_id=placement.unit_id,
            submitted_at=at,
            entered_at=at,
            returns=0,
            extensions=0,
            joined=0,
            suspensions=0,
            suspended_seconds=0,
            reminded=0,
            helper_ids=[],
            long_term=False,
            to_decide=False,
            appealed=False,
            follow_up_due=False,
            contact_index=_index_of(placement),
            **{name: _kept(getattr(placement, name)) for name in _AS_PLACED},
        )
        order.__dict__["_act"] = Act(A.SUBMIT, at, None, {})
        order.beside.append(OrderSubmitted(order_id, 1))
        return order

    def ask(
        self, action: Action, at: datetime, person_id: int | None, asked: Asked
    ) -> OrderRequest:
        """An agreement is asked for: the order does not move. Returns the row, which waits.

        The caller keeps the row, because the act names its id.
        """
        self.begin(action, at, asked=asked.kind, asked_of=asked.unit_id, **asked.details)
        return OrderRequest(
            order_id=self.id,
            kind=asked.kind,
            asked_by_id=person_id,
            unit_id=asked.unit_id,
            unit_path=asked.unit_path,
            asked_at=at,
            until=asked.until,
            state=RequestState.PENDING,
            details=dict(asked.details),
            reason=asked.reason,
        )

    def refuse(self, at: datetime, request: OrderRequest, person_id: int | None) -> None:
        """不同意: the order goes on as it is."""
        self.begin(A.REFUSE, at, **request.named)
        request.answer(RequestState.REFUSED, at, person_id)

    def lapse_request(self, at: datetime, request: OrderRequest) -> None:
        """申请失效: nobody has answered it in time."""
        self.begin(A.LAPSE_REQUEST, at, **request.named)
        request.answer(RequestState.LAPSED, at)

    def support(self, at: datetime, *, person_id: int) -> None:
        """跨社区支援 is agreed: this person from elsewhere has it."""
        self.begin(A.AGREE, at, person_id=person_id)
        self._claimed(at, HandlerKind.MEMBER, person_id)

    def go_to(self, at: datetime, *, unit_id: int, unit_path: str, is_first: bool) -> None:
        """转办 or 上报 is agreed: this unit acts; after a transfer it counts as the first one."""
        self.begin(A.AGREE, at, unit_id=unit_id)
        self._let_go(at)
        self._come_back()
        if is_first:
            self.first_unit_id = unit_id
        if self.attention_unit_id == self.handling_unit_id:
            self.attention_unit_id = unit_id
        self._put_at(unit_id, unit_path)
        self.acknowledged_at = at

    def follow_unit(self, at: datetime, *, unit_id: int, unit_path: str) -> None:
        """Its unit is closed, and this one takes over.

        What is no longer open admits no correction, only a remark.
        """
        self.begin(A.AMEND if self.is_open else A.COMMENT, at, unit_id=unit_id)
        self._put_at(unit_id, unit_path)

    def extend(self, action: Action, at: datetime, *, due_at: datetime) -> None:
        """延期, by EXTEND or by AGREE: a later date holds."""
        self.begin(action, at, due_at=due_at)
        self.extensions += 1

    def plan(self, at: datetime, *, due_at: datetime, is_late: bool) -> None:
        """立项计划: a dated plan. Of a late order it is only told and makes no date good."""
        self.begin(A.PLAN, at)
        self.note(**{"planned_until" if is_late else "due_at": due_at})
        self.planned_until = due_at

    def supervise(self, at: datetime, *, unit_id: int, **details: Any) -> None:
        """督办: an upper unit watches; by the ladder also while the order waits for an answer."""
        self.begin(A.SUPERVISE, at, checked=False, unit_id=unit_id, **details)
        self.attention_unit_id = unit_id

    def amend(self, at: datetime, person_id: int | None, to: Amendment, *, called: bool) -> None:
        """更正; `called`: it became an emergency, so somebody must answer anew."""
        self.begin(A.AMEND, at)
        changed: dict[str, Any] = {"called": True} if called else {}
        if to.category is not None:
            changed["category_id"] = to.category.id
            self._classify(to.category)
        if to.urgency is not None:
            changed["urgency"] = self.urgency = to.urgency
        if to.place_id is not None:
            changed["place_id"] = self.place_id = to.place_id
            self.grid_id, self.latitude, self.longitude = to.grid_id, to.latitude, to.longitude
        if to.green_channel is not None:
            changed["green_channel"] = self.green_channel = to.green_channel
            self.follower_id = person_id if to.green_channel else None
        if to.contact:
            changed["contact"] = list(to.contact)
        self.note(**changed)

    def _classify(self, category: Category) -> None:
        self.category_id = category.id
        self.urgency = category.urgency
        self.green_channel = self.green_channel or category.green_channel
        self.sensitive = category.sensitive
        self.public_place = category.public_place

    def question(self, at: datetime) -> None:
        """请补充: the resident is asked for something."""
        self.begin(A.ASK, at)
        self.asked_at = at

    def answer(self, at: datetime) -> None:
        """补充说明: the resident has answered; the new words are unread."""
        self.begin(A.ANSWER, at)
        self.asked_at = None
        self.content_state = ContentState.PENDING

    def pass_content(self, at: datetime, state: ContentState) -> None:
        """内容核对: words and pictures passed, held or refused for people outside the staff."""
        self.begin(A.CHECK_CONTENT, at, content_state=state)
        self.content_state = state

    def comment(self, at: datetime) -> None:
        """留言."""
        self.begin(A.COMMENT, at)

    def attach_to(self, at: datetime, person_id: int) -> None:
        """An order that staff entered becomes the person's own."""
        self.begin(A.COMMENT, at, requester_id=person_id)
        self.requester_id = person_id

    def doubt(self, at: datetime) -> None:
        """我这里还没好: a joiner says so after the outcome, and staff follow it up."""
        self.begin(A.COMMENT, at, not_solved=True)
        self.follow_up_due = True

    def urge(self, at: datetime) -> None:
        """催单."""
        self.begin(A.URGE, at)
        self.urged_at = at

    def miss(self, at: datetime) -> None:
        """没来: the requester says that nobody came."""
        self.begin(A.NOT_COME, at)
        if self.holder_id is not None:
            self.beside.append(NoShow(order_id=self.id, person_id=self.holder_id, reported_at=at))

    def judge_miss(self, at: datetime, *, confirmed: bool) -> None:
        """核实未上门: the desk has heard both sides."""
        self.begin(A.CONFIRM_NO_SHOW, at, confirmed=confirmed)

    def remind(self, at: datetime, *, step: str) -> None:
        """提醒."""
        self.begin(A.REMIND, at, step=step)
        self.reminded = reminded_at(at)


# The fields of a Placement that are columns as they stand.
_AS_PLACED = tuple(
    field.name for field in fields(Placement) if field.name in Order.__table__.columns
)


def reminded_at(at: datetime) -> int:
    """The value of `Order.reminded`: the second since 1970, rounded up so as not to lie before."""
    return ceil(at.timestamp())


def _kept(value: Any) -> Any:
    """A copy of what may be changed elsewhere: mappings as dicts, sequences as lists."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple | list) else value


def _index_of(placement: Placement) -> str | None:
    phone = placement.contact.phone
    return blind_index(phone) if phone and placement.parent_id is None else None
