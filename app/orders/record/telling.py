"""Who is told about an order, and how a time is said to people."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.kernel.clock import now, to_local
from app.notifications.service import notify
from app.orders.ticket.models import Order
from app.people.queries import holders_of


def requesters(order: Order) -> list[int]:
    """Who hears how the order goes: the requester, or who placed it for somebody without an account."""
    return [person for person in {order.requester_id, order.placer_id} if person is not None]


def desk(order: Order) -> list[int]:
    """The dispatchers who must act; of a confidential matter those alone who may see it."""
    return cleared_holders(order, "orders.dispatch", order.handling_unit_id)


def cleared_holders(order: Order, permission: str, unit_id: int) -> list[int]:
    """Who holds the permission at a unit and may know of the order."""
    people = holders_of(permission, unit_id)
    if not order.sensitive:
        return people
    cleared = holders_of("orders.see_sensitive", unit_id)
    return [person for person in people if person in cleared] or cleared


def tell(
    order: Order,
    moment: str,
    recipients: Iterable[int | None],
    *,
    urgent: bool = False,
    **params: Any,
) -> None:
    """Queues a message about the order; an erased or missing person is left out below."""
    people = [person for person in dict.fromkeys(recipients) if person is not None]
    if people:
        notify(
            people,
            f"order.{moment}",
            subject=("order", order.id),
            params={"number": order.number, **params},
            urgent=urgent,
        )


def tell_promise(order: Order) -> None:
    """The resident hears of another promised day while the order is open and the day is to come."""
    if order.is_open and order.due_at is not None and order.due_at > now():
        tell(order, "extended", requesters(order), time=spoken_day(order.due_at))


def spoken_day(moment: datetime) -> str:
    """A day as people say it: 11月29日."""
    day = to_local(moment)
    return f"{day.month}月{day.day}日"


def spoken(moment: datetime) -> str:
    """A time as people say it: 11月29日15:30."""
    local = to_local(moment)
    return f"{local.month}月{local.day}日{local:%H:%M}"
