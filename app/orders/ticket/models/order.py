"""An order: its placing, and the acts that ask for an agreement or change facts about it."""

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
from app.orders.ticket.models.moves import Act, plain_value
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
# SQLite does not use an index that is full of NULLs, and reads all orders instead.
_PLACED = text("placer_id IS NOT NULL")
_PARTS = text("parent_id IS NOT NULL")
_FROM_ELSEWHERE = text("external_system IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a unit; it lapses at `until`; `details` holds all that its agreement needs."""

    kind: RequestKind
    unit_id: int
    unit_path: str
    until: datetime
    reason: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Amendment:
    """The corrections of staff; None leaves a field as it is. `contact` names the changed fields."""

    category: Category | None = None
    urgency: Urgency | None = None
    place_id: int | None = None
    grid_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    green_channel: bool | None = None
    contact: tuple[str, ...] = ()


class Order(Ending):
    """One concern of one resident, from its placing to its end."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(
            "ix_orders_path", "handling_path", postgresql_ops={"handling_path": "text_pattern_ops"}
        ),
        Index("ix_orders_list", "green_channel", "submitted_at", "id"),
        Index(
            "ix_orders_due", "next_due_at", "id", postgresql_where=_OPEN_SQL, sqlite_where=_OPEN_SQL
        ),
        # Few orders have one: with NULLs in the index SQLite would read all orders.
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
            # SQLite compares the text of the condition with that of the statement.
            sqlite_where=text("public_place = 1 AND latitude IS NOT NULL"),
        ),
        # An order of another system comes in once.
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
        """The next date, or the year 9999: orders without a date come last, and pages admit no null."""
        return column_property(func.coalesce(cls.next_due_at, literal(FAR_AWAY, UTCDateTime)))

    @property
    def number(self) -> str:
        """The number for people: six digits of the day of placing, then the id in six digits or more."""
        return f"{local_date(self.submitted_at):%y%m%d}{self.id:06d}"

    @classmethod
    def placed(cls, placement: Placement, order_id: int, at: datetime) -> "Order":
        """下单: a new order with that id, not in the session; its placing is the act under way."""
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
        """Notes that an agreement is asked for; returns the request, a new row that is pending.

        The order does not move. The caller inserts the row, because the act must name its id.
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
            details={name: plain_value(value) for name, value in asked.details.items()},
            reason=asked.reason,
        )

    def refuse(self, at: datetime, request: OrderRequest, person_id: int | None) -> None:
        """不同意: refuses the request; the order stays as it is."""
        self.begin(A.REFUSE, at, **request.named)
        request.answer(RequestState.REFUSED, at, person_id)

    def lapse_request(self, at: datetime, request: OrderRequest) -> None:
        """申请失效: lapses the request, which nobody has answered in time."""
        self.begin(A.LAPSE_REQUEST, at, **request.named)
        request.answer(RequestState.LAPSED, at)

    def support(self, at: datetime, *, person_id: int) -> None:
        """跨社区支援 is agreed: this member of another unit becomes the holder."""
        self.begin(A.AGREE, at, person_id=person_id)
        self._claimed(at, HandlerKind.MEMBER, person_id)

    def go_to(self, at: datetime, *, unit_id: int, unit_path: str, is_first: bool) -> None:
        """转办 or 上报 is agreed: the order goes to the desk of this unit.

        With `is_first`, for a transfer, the unit also becomes the order's first unit.
        """
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
        """Another unit takes the order over from a closed one.

        Noted as AMEND, or as COMMENT where the order is not open and admits no correction.
        """
        self.begin(A.AMEND if self.is_open else A.COMMENT, at, unit_id=unit_id)
        self._put_at(unit_id, unit_path)

    def extend(self, action: Action, at: datetime, *, due_at: datetime) -> None:
        """延期: notes the later date, by EXTEND or by AGREE; the deadlines set it."""
        self.begin(action, at, due_at=due_at)
        self.extensions += 1

    def plan(self, at: datetime, *, due_at: datetime, is_late: bool) -> None:
        """立项计划: notes the plan's date, which becomes the promised one unless the order is late."""
        self.begin(A.PLAN, at)
        self.note(**{"planned_until" if is_late else "due_at": due_at})
        self.planned_until = due_at

    def supervise(self, at: datetime, *, unit_id: int, **details: Any) -> None:
        """督办: an upper unit watches the order from now on."""
        # Overdue stages lead to it in any state, such as while an answer is awaited.
        self.begin(A.SUPERVISE, at, checked=False, unit_id=unit_id, **details)
        self.attention_unit_id = unit_id

    def amend(self, at: datetime, person_id: int | None, to: Amendment, *, called: bool) -> None:
        """更正; `called`: it became an emergency, so it must be acknowledged or accepted anew."""
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
        """请补充: notes that the resident was asked for something."""
        self.begin(A.ASK, at)
        self.asked_at = at

    def answer(self, at: datetime) -> None:
        """补充说明: notes the resident's answer, whose words are unchecked."""
        self.begin(A.ANSWER, at)
        self.asked_at = None
        self.content_state = ContentState.PENDING

    def pass_content(self, at: datetime, state: ContentState) -> None:
        """内容核对: sets whether people outside the staff may see the words and pictures."""
        self.begin(A.CHECK_CONTENT, at, content_state=state)
        self.content_state = state

    def comment(self, at: datetime) -> None:
        """留言: notes a comment, which changes no column."""
        self.begin(A.COMMENT, at)

    def attach_to(self, at: datetime, person_id: int) -> None:
        """Makes the person the requester of an order that staff entered."""
        self.begin(A.COMMENT, at, attached=True)
        self.requester_id = person_id

    def doubt(self, at: datetime) -> None:
        """我这里还没好: notes that a joiner said so after the outcome; staff must follow it up."""
        self.begin(A.COMMENT, at, not_solved=True)
        self.follow_up_due = True

    def urge(self, at: datetime) -> None:
        """催单: notes that the requester urges."""
        self.begin(A.URGE, at)
        self.urged_at = at

    def miss(self, at: datetime) -> None:
        """没来: notes that nobody came, as the requester says."""
        self.begin(A.NOT_COME, at)
        if self.holder_id is not None:
            self.beside.append(NoShow(order_id=self.id, person_id=self.holder_id, reported_at=at))

    def judge_miss(self, at: datetime, *, confirmed: bool) -> None:
        """核实未上门: notes the judgement of the desk about a missed visit."""
        self.begin(A.CONFIRM_NO_SHOW, at, confirmed=confirmed)

    def remind(self, at: datetime, *, step: str) -> None:
        """提醒: notes a reminder; `step` names it."""
        self.begin(A.REMIND, at, step=step)
        self.reminded = reminded_at(at)


# The fields of a Placement that are columns of the same name.
_AS_PLACED = tuple(
    field.name for field in fields(Placement) if field.name in Order.__table__.columns
)


def reminded_at(at: datetime) -> int:
    """The value for `Order.reminded`: seconds since 1970, rounded up so that it is not before `at`."""
    return ceil(at.timestamp())


def _kept(value: Any) -> Any:
    """A copy of a value that others may change: a mapping as a dict, a sequence as a list."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple | list) else value


def _index_of(placement: Placement) -> str | None:
    phone = placement.contact.phone
    return blind_index(phone) if phone and placement.parent_id is None else None
