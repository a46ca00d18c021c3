"""同行: who goes along with the one who handles an order."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Invalid
from app.orders.giving.service import holds
from app.orders.ticket.core import assign
from app.orders.ticket.models import Order, OrderAssignee
from app.orders.ticket.states import HandlerKind
from app.orders.ticket.telling import tell
from app.people.queries import get_person, masked_names

PART = "helper"


def check_helpers(order: Order, helper_ids: Sequence[int]) -> None:
    """Each another, of the order's unit, and not whom it is for; or Invalid `helper.unknown`."""
    others = (order.holder_id, order.offered_to_id, order.requester_id, order.placer_id)
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


def bring_along(order: Order, helper_ids: Sequence[int], at: datetime) -> None:
    """These go along from now on, and nobody else."""
    gone = set(order.helper_ids) - set(helper_ids)
    if gone:
        session.execute(
            delete(OrderAssignee).where(
                OrderAssignee.order_id == order.id,
                OrderAssignee.person_id.in_(gone),
                OrderAssignee.part == PART,
                OrderAssignee.until.is_(None),
            )
        )
    for helper_id in helper_ids:
        if helper_id not in order.helper_ids:
            assign(order, at, kind=HandlerKind.MEMBER, person_id=helper_id, part=PART)
    order.helper_ids = list(helper_ids)


def tell_companions(order: Order) -> None:
    """Those who go together hear with whom."""
    together = [person for person in (order.holder_id or order.offered_to_id,) if person]
    together += order.helper_ids
    names = masked_names(together)
    for person_id in together:
        others = "、".join(names[other] for other in together if other != person_id)
        tell(order, "companion", [person_id], others=others)


def stop_helping(person_id: int, lost: Callable[[Order], bool]) -> None:
    """Goes along no more with what was lost."""
    helped = select(OrderAssignee.order_id).where(
        OrderAssignee.person_id == person_id,
        OrderAssignee.part == PART,
        OrderAssignee.until.is_(None),
    )
    for order in session.scalars(
        lock(select(Order).where(Order.id.in_(helped)).order_by(Order.id))
    ):
        if lost(order):
            others = [other for other in order.helper_ids if other != person_id]
            bring_along(order, others, now())
