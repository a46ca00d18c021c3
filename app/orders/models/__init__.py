"""Orders and what hangs on them, by noun."""

from app.orders.models.around import (
    NoShow,
    OrderAssignee,
    OrderCall,
    OrderContact,
    OrderFollower,
    OrderRating,
    OrderRequest,
)
from app.orders.models.bulletins import Bulletin
from app.orders.models.history import OrderEvent, OrderEventContent
from app.orders.models.order import Order
from app.orders.models.search import ORDER_SEARCH_FTS, OrderSearch

__all__ = [
    "ORDER_SEARCH_FTS",
    "Bulletin",
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
