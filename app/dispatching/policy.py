"""Who may match orders with handlers and give out many orders at once."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.orders.access.policy import POLICY
from app.orders.ticket.models import Order
from app.orders.ticket.states import Action, OrderStatus

# Nothing of its own: each order is asked for by the permission of the verb that is used on it.
PERMISSIONS: tuple[Permission, ...] = ()


def may_match(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may propose a matching: `orders.dispatch` at the unit or above it."""
    return actor.may("orders.dispatch", unit_path)


def giving(order: Order) -> Action:
    """The action that gives this order to a person: reassign from the pool, dispatch from the desk."""
    return Action.REASSIGN if order.status is OrderStatus.DISPATCHED else Action.DISPATCH


def may_give_out(actor: Actor, order: Order) -> bool:
    """Returns whether the actor may use the action of `giving` on the order."""
    return POLICY[giving(order)](actor, order)
