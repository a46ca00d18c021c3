"""Verifies histories: computes the chains of orders again, a batch at a time."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from sqlalchemy import Row, String, select, type_coerce

from app.kernel.database import session
from app.orders.record.history import Verdict, verify
from app.orders.ticket.models import Order, OrderEvent, OrderEventContent

BATCH = 200

# Read as text and not as enums, so that an unknown state or action is found and does not fail.
_EVENTS = select(
    *(
        type_coerce(column, String).label(column.key)
        if column.key in {"action", "from_status", "to_status"}
        else column
        for column in OrderEvent.__table__.columns
    )
)
_CONTENTS = select(*OrderEventContent.__table__.columns)


def verify_histories(order_ids: Sequence[int] | None = None) -> list[Verdict]:
    """The result for each of the orders, by default for all orders, sorted by id; unknown are missing."""
    return [verdict for batch in _batches(order_ids) for verdict in _verify(batch)]


def _batches(order_ids: Sequence[int] | None) -> Iterator[list[Row[Any]]]:
    statement = select(Order.id, Order.version, Order.head).order_by(Order.id).limit(BATCH)
    if order_ids is not None:
        statement = statement.where(Order.id.in_(order_ids))
    last = 0
    while batch := list(session.execute(statement.where(Order.id > last))):
        yield cast("list[Row[Any]]", batch)
        last = batch[-1].id


def _verify(batch: list[Row[Any]]) -> Iterator[Verdict]:
    ids = [order.id for order in batch]
    table = OrderEvent.__table__.c
    rows: dict[int, list[Any]] = {order_id: [] for order_id in ids}
    events = _EVENTS.where(table.order_id.in_(ids)).order_by(table.order_id, table.seq)
    for row in session.execute(events):
        rows[row.order_id].append(row)
    of_them = select(OrderEvent.id).where(OrderEvent.order_id.in_(ids))
    side = _CONTENTS.where(OrderEventContent.__table__.c.event_id.in_(of_them))
    contents: dict[int, Any] = {row.event_id: row for row in session.execute(side)}
    for order in batch:
        yield verify(order.id, order.version, order.head, rows[order.id], contents)
