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
from app.orders.ticket.models.handing import Giving
from app.orders.ticket.models.history import OrderEvent, OrderEventContent
from app.orders.ticket.models.moves import (
    HELPS,
    Act,
    Beside,
    Event,
    HandsEnd,
    HelpersGo,
    RequestsLapse,
)
from app.orders.ticket.models.order import Amendment, Asked, Order
from app.orders.ticket.models.placement import Contact, Placement, from_category
from app.orders.ticket.models.search import ORDER_SEARCH_FTS, OrderSearch

__all__ = [
    "HELPS",
    "ORDER_SEARCH_FTS",
    "Act",
    "Amendment",
    "Asked",
    "Beside",
    "Contact",
    "Event",
    "Giving",
    "HandsEnd",
    "HelpersGo",
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
    "Placement",
    "RequestsLapse",
    "from_category",
]
