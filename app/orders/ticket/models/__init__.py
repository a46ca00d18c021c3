"""Orders and what hangs on them, by noun."""

from app.orders.ticket.models.around import (
    NoShow,
    OrderAssignee,
    OrderCall,
    OrderContact,
    OrderFollower,
    OrderRating,
    OrderRequest,
)
from app.orders.ticket.models.history import OrderEvent, OrderEventContent
from app.orders.ticket.models.order import Order
from app.orders.ticket.models.search import ORDER_SEARCH_FTS, OrderSearch

__all__ = [
    "ORDER_SEARCH_FTS",
    "NoShow",
    "Order",
    "OrderAssignee",
    "OrderCall",
    "OrderContact",
    "OrderEvent",
    "OrderEventContent",
    "OrderFollower",
    "OrderRating",
    "OrderRequest",
    "OrderSearch",
]
