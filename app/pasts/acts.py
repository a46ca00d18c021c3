"""One act of the past, as the import, the demo or a history knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.orders.ticket.states import Action, OrderStatus


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One act of the past; `facts` are the details of its history row.

    `to` is the state to which it led. Without an `actor_id` the actor was `by`: the program, or another
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
        """The fact as a time; raises KeyError where it is missing."""
        value = self.facts[name]
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)

    def maybe_time(self, name: str) -> datetime | None:
        """The fact as a time; None where it is missing or empty."""
        return self.time(name) if self.facts.get(name) else None
