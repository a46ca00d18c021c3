"""People talk about an order: questions, answers and comments."""

from collections.abc import Sequence

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.errors import Conflict, Invalid
from app.orders.access.policy import is_helper, is_holder, is_requester, is_staff_of
from app.orders.record.core import attach_pictures, need_reason, take, write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order
from app.orders.ticket.states import Action


def ask_order(actor: Actor, order_id: int, *, note: str) -> Order:
    """请补充: asks the resident for something that is missing; the note is the question.

    Raises Invalid `order.reason_required` and what `take` raises.
    """
    order = take(actor, order_id, Action.ASK)
    order.question(now())
    write(actor, order, note=need_reason(note))
    tell(order, "asked", requesters(order))
    return order


def answer_order(actor: Actor, order_id: int, *, note: str, photo_ids: Sequence[int] = ()) -> Order:
    """补充: the requester answers the question of the desk; the dispatchers are told.

    Raises Conflict `order.nothing_asked` and what `take` raises.
    """
    order = take(actor, order_id, Action.ANSWER)
    if order.asked_at is None:
        raise Conflict("order.nothing_asked", "社区没有请您补充，想说的话请写在留言里。")
    attach_pictures(actor, order, photo_ids)
    order.answer(now())
    write(actor, order, note=note, photo_ids=photo_ids)
    tell(order, "answered", desk(order))
    return order


def comment_order(
    actor: Actor, order_id: int, *, note: str, photo_ids: Sequence[int] = (), visible: bool = True
) -> Order:
    """留言: a comment for all people of the order, or with `visible` false for staff and handlers.

    Raises Invalid `order.comment_empty`, `order.comment_internal` and what `take` raises.
    """
    order = take(actor, order_id, Action.COMMENT)
    if not note and not photo_ids:
        raise Invalid("order.comment_empty", "请写几个字，或放一张照片。")
    attach_pictures(actor, order, photo_ids)
    staff = is_staff_of(actor, order)
    handles = is_holder(actor, order) or is_helper(actor, order)
    if not visible and not (staff or handles):
        # A person who cannot read internal comments cannot write them either.
        raise Invalid(
            "order.comment_internal", "只给工作人员看的留言由工作人员写，您的留言大家都能看到。"
        )
    order.comment(now())
    write(actor, order, note=note, photo_ids=photo_ids, visible=visible)
    hearers = [order.holder_id, *order.helper_ids, *(requesters(order) if visible else ())]
    if is_requester(actor, order) or handles:
        hearers += desk(order)
    tell(order, "comment", [person for person in hearers if person != actor.person_id])
    return order
