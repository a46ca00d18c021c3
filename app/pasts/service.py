"""Writes the past of orders: their rows as they stand today, and their histories as they happened.

No verb is called, nobody is told, and no event is announced; only reminders that are still to come
will be sent. `recorded_at` of the history rows is the time of the writing. The room that writes a
past checks the rights of its actor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from app.deadlines.computing.clocks import Fact
from app.deadlines.standing.following import write_past
from app.kernel.clock import now
from app.kernel.database import Model, session
from app.kernel.database.fast.rows import columns_of, reserve_ids, table_of
from app.orders.record.core import Entry, act_of, append_history, entry_of
from app.orders.record.timing import deed_of, end_of_round, set_dates, subject_of
from app.orders.record.words import keep_words
from app.orders.ticket.models import Order, OrderContact, Placement
from app.orders.ticket.stages import facts_of
from app.pasts.acts import PastEvent
from app.pasts.effects import redo
from app.pasts.replaying import Replay

_BATCH = 500


@dataclass(slots=True)
class Past:
    """Orders whose pasts are told one by one, and then written all at once.

    Until `write` neither the database nor the session has these orders.
    """

    _orders: list[Order] = field(default_factory=list)
    _contacts: list[dict[str, Any]] = field(default_factory=list)
    _entries: list[Entry] = field(default_factory=list)
    _beside: list[Model] = field(default_factory=list)
    _facts: dict[int, list[Fact]] = field(default_factory=dict)

    def enter(self, given: Sequence[tuple[Placement, datetime]]) -> list[Order]:
        """New orders from these placements at these times; `tell` must tell their histories."""
        ids = reserve_ids(Order, len(given))
        entered = []
        for order_id, (placement, at) in zip(ids, given, strict=True):
            contact = OrderContact(order_id=order_id)
            contact.put(**asdict(placement.contact))
            self._contacts.append(columns_of(contact))
            entered.append(Order.placed(placement, order_id, at))
        self._orders += entered
        return entered

    def tell(self, order: Order, events: Sequence[PastEvent]) -> list[Model]:
        """Does the events again on an order that `enter` has made, its placing first.

        Returns the side rows of the order as the events leave them. Raises what `redo` raises.
        """
        replay, told = Replay(order), self._facts.setdefault(order.id, [])
        for event in events:
            earlier_round = order.round
            redo(replay, event)
            act = act_of(order)
            if order.round > earlier_round:
                told.append(end_of_round(order, event.at))
            told += facts_of(deed_of(order, act, event.actor_id))
            entry = entry_of(
                order,
                act,
                note=event.note or None,
                photo_ids=event.photo_ids,
                actor_id=event.actor_id,
                actor_name="" if event.actor_id else event.by,
                on_word_of=event.on_word_of,
                visible=event.visible,
                recorded_at=now(),
            )
            order.forget_act()
            self._entries.append(entry)
        self._beside += replay.rows
        return replay.rows

    def write(self) -> None:
        """Writes all orders, side rows, histories and deadlines, in few statements."""
        stories = [(subject_of(order), self._facts.get(order.id, [])) for order in self._orders]
        for order, dates in zip(self._orders, write_past(stories), strict=True):
            set_dates(order, dates)
        _insert(Order, [columns_of(order) for order in self._orders])
        keep_words(self._orders)
        _insert(OrderContact, self._contacts)
        append_history(self._entries)
        session.add_all(self._beside)
        session.flush()


def _insert(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(table_of(model)), rows[start : start + _BATCH])
