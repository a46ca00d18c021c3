"""Writes the past of an order: its row as it stands today, and its history as it happened.

No verb is called, nobody is told, no deadline fires. By `recorded_at` the rows say that they were
put in today.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from app.demo.effects import EFFECTS, PastEvent, plain, words_alone
from app.kernel.clock import now
from app.kernel.crypto import seal
from app.kernel.database import session
from app.orders.history import content_mac, row_hash
from app.orders.models import (
    Order,
    OrderAssignee,
    OrderContact,
    OrderEvent,
    OrderEventContent,
)
from app.orders.queries.due import reminded_at
from app.orders.states import Action, HandlerKind, OrderStatus

A, S = Action, OrderStatus
_BATCH = 500


@dataclass(slots=True)
class Past:
    """What has been replayed and waits to be written, all orders at once."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    contents: list[dict[str, Any]] = field(default_factory=list)

    def replay(
        self, order: Order, contact: Mapping[str, str | None], events: Sequence[PastEvent]
    ) -> None:
        """All that happened to an order that `enter` has made; its contact is sealed."""
        sealed = {
            name: seal(value, f"order_contacts.{name}:{order.id}") if value else None
            for name, value in contact.items()
        }
        session.add(OrderContact(order_id=order.id, **sealed))
        assigned: list[OrderAssignee] = []
        for event in events:
            before = order.status if order.version else None
            EFFECTS.get(event.action, words_alone)(order, event)
            _follow(order, event, assigned)
            self._note(order, event, before)
        if order.status is S.COMPLETED:
            order.reminded = reminded_at(now())
        session.add_all(assigned)

    def _note(self, order: Order, event: PastEvent, before: OrderStatus | None) -> None:
        salt, note = secrets.token_hex(16), event.note or None
        details = {name: plain(value) for name, value in event.facts.items()}
        row: dict[str, Any] = {
            "previous": order.head,
            "order_id": order.id,
            "seq": order.version + 1,
            "round": order.round,
            "unit_id": order.handling_unit_id,
            "action": event.action,
            "happened_at": event.at,
            "recorded_at": now(),
            "actor_id": event.actor_id,
            "actor_name": "" if event.actor_id else "system",
            "on_word_of": event.on_word_of,
            "from_status": before,
            "to_status": order.status,
            "visible": event.visible,
            "content_mac": content_mac(salt, note, event.photo_ids, details),
        }
        row["hash"] = row_hash(row)
        self.rows.append(row)
        self.contents.append(
            {"salt": salt, "note": note, "photo_ids": list(event.photo_ids), "details": details}
        )
        order.version, order.head = row["seq"], row["hash"]

    def write(self) -> None:
        """The histories, in few statements."""
        statement = insert(OrderEvent).returning(OrderEvent.id, sort_by_parameter_order=True)
        for start in range(0, len(self.rows), _BATCH):
            ids = session.scalars(statement, self.rows[start : start + _BATCH]).all()
            contents = self.contents[start : start + _BATCH]
            for event_id, content in zip(ids, contents, strict=True):
                content["event_id"] = event_id
            session.execute(insert(OrderEventContent), contents)
        session.flush()


def enter(given: Sequence[tuple[Mapping[str, Any], datetime]]) -> list[Order]:
    """Orders with those columns, placed at those times, with nothing in their histories yet."""
    orders = [
        Order(
            **fields,
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
        for fields, at in given
    ]
    session.add_all(orders)
    session.flush()
    return orders


def _follow(order: Order, event: PastEvent, assigned: list[OrderAssignee]) -> None:
    """Checks that the effect led where the story says, and notes who held the order."""
    if order.status is not event.to:
        raise ValueError(f"{event.action} left {order.status}, not {event.to}")
    current = next((row for row in assigned if row.until is None), None)
    holds = order.holder_id if order.is_held else None, order.provider_id if order.is_held else None
    if current and (current.person_id, current.provider_id) != holds:
        current.until = event.at
        current = None
    if event.action is A.SETTLE or (order.is_held and current is None):
        assigned.append(
            OrderAssignee(
                order_id=order.id,
                kind=order.holder_kind or HandlerKind.STAFF,
                person_id=order.holder_id,
                provider_id=order.provider_id,
                by_claim=event.action is A.CLAIM,
                since=event.at,
                until=None if order.is_held else event.at,
            )
        )
