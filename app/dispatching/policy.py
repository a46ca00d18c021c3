"""Who may match and give out many orders at once."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.orders.ticket.models import Order
from app.orders.ticket.policy import POLICY
from app.orders.ticket.states import Action, OrderStatus

# Nothing of its own: each order is asked for by the permission of the verb that is used on it.
PERMISSIONS: tuple[Permission, ...] = ()


def may_match(actor: Actor, unit_path: str) -> bool:
    """Whoever gives out the unit's orders."""
    return actor.may("orders.dispatch", unit_path)


def giving(order: Order) -> Action:
    """The verb that gives this order to somebody: out of the pool it is taken back first."""
    return Action.REASSIGN if order.status is OrderStatus.DISPATCHED else Action.DISPATCH


def may_give_out(actor: Actor, order: Order) -> bool:
    """Who may use that verb on it."""
    return POLICY[giving(order)](actor, order)
