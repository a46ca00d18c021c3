"""What the database has of an order: its columns, the rows beside it, its acts."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.orders.ticket.models import (
    NoShow,
    Order,
    OrderAssignee,
    OrderCall,
    OrderEvent,
    OrderEventContent,
    OrderFollower,
    OrderRating,
    OrderRequest,
)
from app.orders.ticket.states import Action, OrderStatus

BESIDE = {
    model.__tablename__: table_of(model)
    for model in (OrderAssignee, OrderRequest, OrderRating, OrderCall, OrderFollower, NoShow)
}
_ORDERS, _EVENTS, _CONTENTS = table_of(Order), table_of(OrderEvent), table_of(OrderEventContent)
# The head seals a random salt and the time of writing: it is never the same twice.
_OF_ITS_OWN = ("head",)
_ACTS = (
    select(_EVENTS, _CONTENTS)
    .join(_CONTENTS, _CONTENTS.c.event_id == _EVENTS.c.id)
    .where(_EVENTS.c.id > bindparam("event_id"))
    .order_by(_EVENTS.c.id)
)


@dataclass(frozen=True, slots=True)
class State:
    """An order's columns, and the rows of each table beside it by their ids."""

    columns: dict[str, Any]
    beside: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def differences(self, other: "State") -> list[str]:
        """Each column and each side row in which the other state differs, as lines to print."""
        columns = [
            f"{name}: {value!r} and {other.columns.get(name)!r}"
            for name, value in self.columns.items()
            if name not in _OF_ITS_OWN and value != other.columns.get(name)
        ]
        mine, others = self._rows(), other._rows()
        return [
            *columns,
            *(f"only here: {row}" for row in (mine - others).elements()),
            *(f"only there: {row}" for row in (others - mine).elements()),
        ]

    def _rows(self) -> Counter[str]:
        """The side rows without their ids: on SQLite a new row gets the id of a deleted one."""
        return Counter(
            f"{table} { ({name: row[name] for name in row if name != 'id'}) }"
            for table, rows in self.beside.items()
            for row in rows
        )


@dataclass(frozen=True, slots=True)
class Act:
    """A row of an order's history with its content, read before anybody can erase it."""

    order_id: int
    seq: int
    round: int
    unit_id: int
    action: Action
    at: datetime
    actor_id: int | None
    actor_name: str
    on_word_of: int | None
    before: OrderStatus | None
    after: OrderStatus
    visible: bool
    note: str | None
    photo_ids: tuple[int, ...]
    details: dict[str, Any]


def states_of(order_ids: Collection[int]) -> dict[int, State]:
    """The states of these orders by id."""
    rows = session.execute(select(_ORDERS).where(_ORDERS.c.id.in_(order_ids)))
    found = {row.id: State(dict(row._mapping)) for row in rows}
    for name, table in BESIDE.items():
        for state in found.values():
            state.beside[name] = []
        beside = select(table).where(table.c.order_id.in_(order_ids)).order_by(table.c.id)
        for row in session.execute(beside):
            found[row.order_id].beside[name].append(dict(row._mapping))
    return found


def acts_after(event_id: int) -> list[tuple[int, Act]]:
    """All acts with a greater id, in the order in which they were written, with their ids."""
    rows = session.execute(_ACTS, {"event_id": event_id})
    return [
        (
            row.id,
            Act(
                row.order_id,
                row.seq,
                row.round,
                row.unit_id,
                row.action,
                row.happened_at,
                row.actor_id,
                row.actor_name,
                row.on_word_of,
                row.from_status,
                row.to_status,
                row.visible,
                row.note,
                tuple(row.photo_ids),
                row.details,
            ),
        )
        for row in rows
    ]
