"""The handlers of orders, present and last ones."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import fetch, table_of
from app.orders.ticket.models import OrderAssignee

_TABLE = table_of(OrderAssignee)
_ASSIGNEES = select(_TABLE).where(among(_TABLE.c.order_id, "order_ids")).order_by(_TABLE.c.id)


def assignees_of(order_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The rows of `order_assignees` by order id, oldest first; orders without rows are missing."""
    found: dict[int, list[Any]] = {}
    if order_ids:
        for row in fetch(_ASSIGNEES, {"order_ids": order_ids}):
            found.setdefault(row.order_id, []).append(row)
    return found


def handlers_of(order_id: int) -> list[int]:
    """Ids of the persons who handle the order, or else of those who handled it last; with helpers."""
    rows = assignees_of([order_id]).get(order_id, [])
    people = dict.fromkeys(row.person_id for row in last_hands(rows))
    return [person for person in people if person is not None]


def last_hands(rows: Sequence[Any]) -> list[Any]:
    """Of one order's assignee rows: the open ones, or else those that ended last."""
    current = [row for row in rows if row.until is None]
    end = max((row.until for row in rows if row.until is not None), default=None)
    return current or [row for row in rows if row.until == end]
