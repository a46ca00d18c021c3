"""Writes the past of orders: their rows as they stand today, and their histories as they happened.

No verb is called, nobody is told, nothing is announced; of the deadlines only what is still to come
will be reminded of. By `recorded_at` the rows
say that they were put in today. Whoever writes a past is asked for his rights by the room that does.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from app.deadlines.computing.clocks import Fact
from app.deadlines.standing.following import write_past
from app.kernel.clock import now
from app.kernel.database import Model, session
from app.kernel.database.fast.rows import columns_of, reserve_ids, table_of
from app.orders.ticket.history import next_row
from app.orders.ticket.models import (
    Order,
    OrderAssignee,
    OrderContact,
    OrderEvent,
    OrderEventContent,
)
from app.orders.ticket.stages import facts_of
from app.orders.ticket.states import Action, HandlerKind, OrderStatus
from app.orders.ticket.timing import deed_of, end_of_round, set_dates, subject_of
from app.orders.ticket.words import keep_words
from app.pasts.effects import PastEvent, plain, take_effect

A, S = Action, OrderStatus
_BATCH = 500


@dataclass(slots=True)
class Past:
    """Orders whose pasts are told one by one, and then written all at once.

    Until `write` nothing of it is in the database, and the session knows none of these orders.
    """

    _orders: list[Order] = field(default_factory=list)
    _contacts: list[dict[str, Any]] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _contents: list[dict[str, Any]] = field(default_factory=list)
    _beside: list[Model] = field(default_factory=list)
    _facts: dict[int, list[Fact]] = field(default_factory=dict)

    def enter(self, given: Sequence[tuple[Mapping[str, Any], datetime]]) -> list[Order]:
        """Orders with those columns, placed at those times; their histories are still to be told."""
        ids = reserve_ids(Order, len(given))
        entered = [
            Order(
                **fields,
                id=order_id,
                status=S.SUBMITTED,
                submitted_at=at,
                entered_at=at,
                round=1,
                version=0,
                head="",
                returns=0,
                extensions=0,
                joined=0,
                suspensions=0,
                suspended_seconds=0,
            )
            for order_id, (fields, at) in zip(ids, given, strict=True)
        ]
        self._orders += entered
        return entered

    def tell(
        self, order: Order, contact: Mapping[str, str | None], events: Sequence[PastEvent]
    ) -> None:
        """All that happened to an order that `enter` has made; its contact is sealed."""
        sealed = OrderContact(order_id=order.id)
        sealed.put(**contact)
        self._contacts.append(columns_of(sealed))
        assigned: list[_Assigned] = []
        told = self._facts.setdefault(order.id, [])
        for event in events:
            before, earlier_round = (order.status if order.version else None), order.round
            self._beside += take_effect(order, event)
            _follow(order, event, assigned)
            self._note(order, event, before)
            if order.round > earlier_round:
                told.append(end_of_round(order, event.at))
            told += facts_of(
                deed_of(order, event.action, before, event.at, event.actor_id, event.facts)
            )
        # Whom nobody here knows is nobody's name.
        known = (one for one in assigned if one.holder != _UNKNOWN)
        self._beside += [one.row_of(order) for one in known]

    def _note(self, order: Order, event: PastEvent, before: OrderStatus | None) -> None:
        content: dict[str, Any] = {
            "salt": secrets.token_hex(16),
            "note": event.note or None,
            "photo_ids": list(event.photo_ids),
            "details": {name: plain(value) for name, value in event.facts.items()},
        }
        row = next_row(
            order,
            event.action,
            content,
            before=before,
            happened_at=event.at,
            recorded_at=now(),
            actor_id=event.actor_id,
            actor_name="" if event.actor_id else event.by,
            on_word_of=event.on_word_of,
            visible=event.visible,
        )
        self._events.append(row)
        self._contents.append(content)

    def write(self) -> None:
        """All of it, in few statements, what is pointed at first."""
        stories = [(subject_of(order), self._facts.get(order.id, [])) for order in self._orders]
        for order, dates in zip(self._orders, write_past(stories), strict=True):
            set_dates(order, dates)
        ids = reserve_ids(OrderEvent, len(self._events))
        for event_id, event, content in zip(ids, self._events, self._contents, strict=True):
            event["id"] = content["event_id"] = event_id
        _insert(Order, [columns_of(order) for order in self._orders])
        keep_words(self._orders)
        _insert(OrderContact, self._contacts)
        _insert(OrderEvent, self._events)
        _insert(OrderEventContent, self._contents)
        session.add_all(self._beside)
        session.flush()


def _insert(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(table_of(model)), rows[start : start + _BATCH])


@dataclass(slots=True)
class _Assigned:
    """Who held it (person, provider), in which way, from when to when."""

    holder: tuple[int | None, int | None]
    kind: HandlerKind
    by_claim: bool
    since: datetime
    until: datetime | None

    def row_of(self, order: Order) -> OrderAssignee:
        """The row that says so."""
        person_id, provider_id = self.holder
        return OrderAssignee(
            order_id=order.id,
            kind=self.kind,
            person_id=person_id,
            provider_id=provider_id,
            by_claim=self.by_claim,
            since=self.since,
            until=self.until,
        )


_UNKNOWN = (None, None)


def _follow(order: Order, event: PastEvent, assigned: list[_Assigned]) -> None:
    """Checks that the effect led where the story says, and notes who held the order."""
    if order.status is not event.to:
        raise ValueError(f"{event.action} left {order.status}, not {event.to}")
    current = next((one for one in assigned if one.until is None), None)
    holder = (order.holder_id, order.provider_id)
    if current and not (order.is_held and current.holder == holder):
        current.until = event.at
        current = None
    if event.action is A.SETTLE or (order.is_held and current is None):
        assigned.append(
            _Assigned(
                holder,
                order.holder_kind or HandlerKind.STAFF,
                event.action is A.CLAIM,
                event.at,
                None if order.is_held else event.at,
            )
        )
