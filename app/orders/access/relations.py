"""In which relation a person stands to an order, by the grants of today; pure."""

from collections.abc import Iterable
from functools import lru_cache

from app.kernel.actor import Actor, Grant
from app.orders.ticket.models import Order
from app.orders.ticket.states import CLAIMERS

# Either of these lets a person work on orders: by a claim, or by an assignment.
WORKING = ("orders.claim", "orders.handle")


def is_requester(actor: Actor, order: Order) -> bool:
    """Whether the order is for the actor, or the actor placed it for another person.

    The requester of a part (会办) is the dispatcher who has split the order, while he or she still
    is a dispatcher of the unit that handles the order.
    """
    if actor.person_id is None:
        return False
    if order.parent_id is not None and not actor.may("orders.manage", order.parent_path or ""):
        return False
    return actor.person_id in (order.requester_id, order.placer_id)


def is_holder(actor: Actor, order: Order) -> bool:
    """Whether the actor handles the order now, and still has a ground for it (see `has_ground`)."""
    return order.is_held and named(actor, order.holder_id) and has_ground(actor, order)


def has_ground(actor: Actor, order: Order) -> bool:
    """Whether the actor's grants of today are a ground for handling the order in the holder's place.

    For a member or volunteer it is `orders.claim` over the order; by support of another unit (支援),
    `orders.claim` anywhere. For staff, grid workers and the account of an outside unit it is
    `orders.handle` over the order.
    """
    if order.holder_kind not in CLAIMERS:
        return reaches(actor.grants, "orders.handle", order)
    supports = order.by_support and actor.may_somewhere("orders.claim")
    return supports or reaches(actor.grants, "orders.claim", order)


def is_helper(actor: Actor, order: Order) -> bool:
    """Whether the actor helps the holder, and still may work on orders of the unit.

    A helper reads the order, but neither moves nor ends it.
    """
    return order.is_held and goes_along(actor, order)


def goes_along(actor: Actor, order: Order) -> bool:
    """Whether the actor is named as a helper, from the offer to the close, and still may be one."""
    helps = actor.person_id is not None and actor.person_id in order.helper_ids
    return helps and any(reaches(actor.grants, one, order) for one in WORKING)


def is_offered(actor: Actor, order: Order) -> bool:
    """Whether the order is offered to the actor, who still may claim orders of the unit."""
    offered = named(actor, order.offered_to_id)
    return offered and reaches(actor.grants, "orders.claim", order)


def named(actor: Actor, person_id: int | None) -> bool:
    """Whether the id is the actor's own; never for None."""
    return actor.person_id is not None and actor.person_id == person_id


def reaches(grants: Iterable[Grant], permission: str, order: Order) -> bool:
    """Whether a grant with the permission is held at the order's unit, above it, or at its grid."""
    return any(
        permission in grant.permissions
        and (
            order.handling_path.startswith(grant.unit_path)
            or (grant.unit_id == order.grid_id and grant.unit_path.startswith(order.handling_path))
        )
        for grant in grants
    )


@lru_cache(maxsize=256)
def held_at(actor: Actor, unit_path: str) -> frozenset[str]:
    """The permissions that the actor has at a unit, so that twenty rules look only once."""
    grants = (grant for grant in actor.grants if unit_path.startswith(grant.unit_path))
    return frozenset(permission for grant in grants for permission in grant.permissions)
