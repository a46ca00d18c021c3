"""One act of the past, as whoever tells it knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.orders.ticket.states import Action, OrderStatus


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One act of the past; `facts` are the particulars that its history row holds or will hold.

    `to` is the state that it led to. Without an `actor_id` it was `by`: the program, or another
    system whose people are unknown here. Times in `facts` are datetimes or RFC 3339 text.
    """

    action: Action
    at: datetime
    actor_id: int | None
    to: OrderStatus
    by: str = "system"
    note: str = ""
    visible: bool = True
    on_word_of: int | None = None
    photo_ids: Sequence[int] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def time(self, name: str) -> datetime:
        """The fact as a time."""
        value = self.facts[name]
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)

    def maybe_time(self, name: str) -> datetime | None:
        """The fact as a time; None where nothing is said."""
        return self.time(name) if self.facts.get(name) else None
