"""同行: the helpers who go along with the handler of an order."""

from collections.abc import Callable, Sequence

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Invalid
from app.orders.giving.service import may_work
from app.orders.record.core import write
from app.orders.record.telling import tell
from app.orders.ticket.models import HELPS, Order, OrderAssignee
from app.people.queries import get_person, masked_names


def check_helpers(order: Order, helper_ids: Sequence[int], *holders: int | None) -> None:
    """Raises Invalid `helper.unknown` unless all helpers are fit to go along.

    They must be different active people who may handle orders of the unit, and neither one of the
    `holders` nor the requester.
    """
    others = (*holders, order.requester_id, order.placer_id)
    if len(set(helper_ids)) != len(helper_ids) or set(helper_ids) & set(others):
        raise Invalid("helper.unknown", "一起去的人填得不对。")
    at = now()
    for helper_id in helper_ids:
        if not may_work(helper_id, order, at) or not get_person(helper_id).is_active:
            raise Invalid("helper.unknown", "一起去的人填得不对，须是本单位报到的人或工作人员。")


def tell_companions(order: Order) -> None:
    """Tells the handler and the helpers who goes with whom; without helpers nobody is told."""
    if not order.helper_ids:
        return
    together = [person for person in (order.holder_id or order.offered_to_id,) if person]
    together += order.helper_ids
    names = masked_names(together)
    for person_id in together:
        others = "、".join(names[other] for other in together if other != person_id)
        tell(order, "companion", [person_id], others=others)


def stop_helping(actor: Actor, person_id: int, lost: Callable[[Order], bool]) -> None:
    """Takes the person off the orders that he or she helps with and that `lost` names."""
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
