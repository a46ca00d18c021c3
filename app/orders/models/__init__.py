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
from app.orders.models.history import OrderEvent, OrderEventContent
from app.orders.models.order import Order

__all__ = [
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
]
