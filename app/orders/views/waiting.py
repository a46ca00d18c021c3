"""The call list: residents who have not answered a question of the desk."""

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.pages import Key, Page, paginate
from app.orders.access.visible import orders_visible_to, under
from app.orders.ticket.models import Order
from app.orders.ticket.states import ASK_UNANSWERED_AFTER, OrderStatus


def list_unanswered_asks(actor: Actor, *, cursor: str | None, limit: int) -> Page[Order]:
    """A page of visible orders whose question (请补充) has had no answer for a day, by id.

    Only orders where the actor has `orders.dispatch`. Raises Invalid `cursor.invalid`.
    """
    statement = orders_visible_to(actor).where(
        under(Order.handling_path, actor.paths("orders.dispatch")),
        Order.status.in_((OrderStatus.SUBMITTED, OrderStatus.DISPATCHED)),
        Order.asked_at <= now() - ASK_UNANSWERED_AFTER,
    )
    return paginate(statement, [Key(Order.id)], cursor=cursor, limit=limit)
