"""Keeps the search words of orders: adds, changes, removes and rebuilds them."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, text

from app.kernel.actor import Actor
from app.kernel.database import is_sqlite, lock, session
from app.kernel.database.fast.rows import put, table_of
from app.orders.ticket.bigrams import bigrams, normalised
from app.orders.ticket.models import Order, OrderSearch

BATCH = 500
BATCH_ON_SQLITE = 50

_INSERT = insert(table_of(OrderSearch)).inline()


def keep_words(orders: Sequence[Order]) -> None:
    """Adds the search words of new orders, 500 orders by statement; an order without words has none."""
    texts = {order.id: normalised(order.description) for order in orders if order.description}
    rows = [{"order_id": i, "text": words, "grams": bigrams(words)} for i, words in texts.items()]
    for start in range(0, len(rows), BATCH):
        put(_INSERT, rows[start : start + BATCH])


def change_words(orders: Sequence[Order]) -> None:
    """Replaces the search words of orders whose descriptions have changed or are empty now."""
    _delete([order.id for order in orders])
    keep_words(orders)


def remove_words(order_ids: Sequence[int]) -> None:
    """Deletes the search words of the orders, out of the index's files too."""
    if not order_ids:
        return
    _delete(order_ids)
    if is_sqlite():
        # The index of SQLite keeps deleted words until it is optimised.
        _index("optimize")


def rebuild_words(actor: Actor, after: int) -> int | None:
    """Makes the search words anew of the next batch of orders with ids above `after`.

    Returns the last id of the batch; None when no order is left.
    """
    limit = BATCH_ON_SQLITE if is_sqlite() else BATCH
    # Locked, so that an erasure meanwhile cannot be undone.
    batch = select(Order).where(Order.id > after).order_by(Order.id).limit(limit)
    orders = session.scalars(lock(batch)).all()
    if not orders:
        return None
    change_words(orders)
    return orders[-1].id


def rebuild_index(actor: Actor) -> None:
    """Makes the index of the search words anew on SQLite; on PostgreSQL it cannot differ from them."""
    if is_sqlite():
        _index("rebuild")


def _delete(order_ids: Sequence[int]) -> None:
    session.execute(delete(OrderSearch).where(OrderSearch.order_id.in_(order_ids)))


def _index(command: str) -> None:
    statement = text("INSERT INTO order_search_fts (order_search_fts) VALUES (:command)")
    session.execute(statement, {"command": command})
