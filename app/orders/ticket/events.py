"""What the orders announce upward."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OrderSubmitted:
    """A new order, or one that came back."""

    order_id: int
    round: int


@dataclass(frozen=True, slots=True)
class OrderClaimed:
    """Somebody answers for it."""

    order_id: int
    person_id: int


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    """The handler says done."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderRated:
    """The requester has said whether it is solved."""

    order_id: int
    solved: bool
    stars: int | None
