"""同行: who goes along with the one who handles an order."""

from collections.abc import Callable, Sequence

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Invalid
from app.orders.giving.service import holds
from app.orders.record.core import write
from app.orders.record.telling import tell
from app.orders.ticket.models import HELPS, Order, OrderAssignee
from app.people.queries import get_person, masked_names


def check_helpers(order: Order, helper_ids: Sequence[int], *holders: int | None) -> None:
    """Helpers are different people of the order's unit: neither `holders` nor whom it is for.

    Raises Invalid `helper.unknown`.
    """
    others = (*holders, order.requester_id, order.placer_id)
    if len(set(helper_ids)) != len(helper_ids) or set(helper_ids) & set(others):
        raise Invalid("helper.unknown", "一起去的人填得不对。")
    for helper_id in helper_ids:
        _check_helper(order, helper_id)


def _check_helper(order: Order, helper_id: int) -> None:
    unknown = Invalid("helper.unknown", "一起去的人填得不对，须是本单位报到的人或工作人员。")
    at = now()
    fits = any(holds(helper_id, wanted, order, at) for wanted in ("orders.claim", "orders.handle"))
    if not fits or not get_person(helper_id).is_active:
        raise unknown


def tell_companions(order: Order) -> None:
    """Those who go together hear with whom."""
    together = [person for person in (order.holder_id or order.offered_to_id,) if person]
    together += order.helper_ids
    names = masked_names(together)
    for person_id in together:
        others = "、".join(names[other] for other in together if other != person_id)
        tell(order, "companion", [person_id], others=others)


def stop_helping(actor: Actor, person_id: int, lost: Callable[[Order], bool]) -> None:
    """The person goes along no more with the orders that he or she has lost."""
    helped = select(OrderAssignee.order_id).where(
        OrderAssignee.person_id == person_id,
        OrderAssignee.part == HELPS,
        OrderAssignee.until.is_(None),
    )
    at = now()
    for order in session.scalars(
        lock(select(Order).where(Order.id.in_(helped)).order_by(Order.id))
    ):
        if lost(order):
            others = [other for other in order.helper_ids if other != person_id]
            order.release(at, helper_ids=others)
            write(actor, order, visible=False)
