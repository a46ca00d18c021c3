"""The events of orders, announced to the rooms above by each act that has the effect."""

from dataclasses import dataclass

from app.orders.ticket.states import CloseKind, OrderStatus


@dataclass(frozen=True, slots=True)
class OrderSubmitted:
    """A new order was placed."""

    order_id: int
    round: int


@dataclass(frozen=True, slots=True)
class OrderClaimed:
    """This member or volunteer became the holder of the order by a claim."""

    order_id: int
    person_id: int


@dataclass(frozen=True, slots=True)
class OrderRated:
    """The requester said whether the order is solved, in a rating or in a follow-up call."""

    order_id: int
    round: int
    solved: bool
    satisfied: bool | None
    by_follow_up: bool


@dataclass(frozen=True, slots=True)
class OrderEnded:
    """The order was closed, rejected or cancelled; `close_kind` says why it was closed."""

    order_id: int
    status: OrderStatus
    close_kind: CloseKind | None


@dataclass(frozen=True, slots=True)
class OrderReopened:
    """The order begins again: in a new round, or apart from the order that it was merged into."""

    order_id: int
    round: int
