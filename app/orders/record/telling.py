"""Messages about an order, and the people who get them."""

from collections.abc import Iterable
from typing import Any

from app.kernel.clock import now, spoken_day
from app.notifications.service import notify
from app.orders.ticket.models import Order
from app.people.queries import holders_of


def requesters(order: Order) -> list[int]:
    """Ids of the requester and of the private person who placed the order for another person."""
    return [person for person in {order.requester_id, order.placer_id} if person is not None]


def desk(order: Order) -> list[int]:
    """Ids of the dispatchers of the order's unit; of a sensitive order those who may see it."""
    return cleared_holders(order, "orders.dispatch", order.handling_unit_id)


def cleared_holders(order: Order, permission: str, unit_id: int) -> list[int]:
    """Ids of the people who hold the permission at the unit and may know of the order.

    For a sensitive order they need `orders.see_sensitive` too; where nobody has both, the people
    with `orders.see_sensitive` are meant.
    """
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
    """Queues the message `order.{moment}` for the recipients, each once; None is left out.

    `params` are for the template; the number of the order is among them.
    """
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
    """Tells the requester the promised day, if the order is open and the day is to come."""
    if order.is_open and order.due_at is not None and order.due_at > now():
        tell(order, "extended", requesters(order), time=spoken_day(order.due_at))
