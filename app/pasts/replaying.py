"""One order of the past in memory, with its side rows as its acts leave them."""

from dataclasses import dataclass, field
from typing import Any

from app.kernel.database import Model
from app.orders.ticket.models import (
    HELPS,
    HandsEnd,
    HelpersGo,
    NoShow,
    Order,
    OrderAssignee,
    OrderFollower,
    OrderRequest,
    RequestsLapse,
)
from app.orders.ticket.states import RequestState
from app.pasts.acts import PastEvent


@dataclass(slots=True)
class Replay:
    """One order whose acts are done again in memory, and its side rows.

    `requests` holds the requests by the id that the history gives them.
    """

    order: Order
    rows: list[Model] = field(default_factory=list)
    requests: dict[Any, OrderRequest] = field(default_factory=dict)

    def take_beside(self) -> None:
        """Moves the rows and changes of rows that the last act has left into `rows`."""
        for one in self.order.beside:
            self._leave(one)
        self.order.beside.clear()

    def _leave(self, one: Any) -> None:
        if isinstance(one, HandsEnd):
            for hand in self._of(OrderAssignee):
                hand.until = hand.until or one.at
        elif isinstance(one, HelpersGo):
            self.rows = [row for row in self.rows if not _is_gone(row, one.person_ids)]
        elif isinstance(one, RequestsLapse):
            for request in self._of(OrderRequest):
                if request.state is RequestState.PENDING:
                    request.answer(RequestState.LAPSED, one.at)
        elif isinstance(one, Model):
            self.rows.append(one)

    def _of(self, kind: type[Any]) -> list[Any]:
        return [row for row in self.rows if isinstance(row, kind)]

    def asked(self, event: PastEvent) -> OrderRequest | None:
        """The request that the event answers, by its id, else the pending one of its kind; or None."""
        found = self.requests.get(event.facts.get("request_id"))
        if found is not None:
            return found
        waiting = [row for row in self._of(OrderRequest) if row.state is RequestState.PENDING]
        return next((row for row in waiting if row.kind == event.facts.get("asked")), None)

    def missed(self) -> NoShow | None:
        """The oldest report of a missed visit that nobody has judged; or None."""
        return next((row for row in self._of(NoShow) if row.confirmed_at is None), None)

    def follower(self, person_id: int | None) -> OrderFollower | None:
        """The person's row as a joiner; or None."""
        rows = self._of(OrderFollower)
        return next((row for row in rows if row.person_id == person_id), None)


def _is_gone(row: Model, person_ids: frozenset[int]) -> bool:
    return (
        isinstance(row, OrderAssignee)
        and row.part == HELPS
        and row.until is None
        and row.person_id in person_ids
    )
