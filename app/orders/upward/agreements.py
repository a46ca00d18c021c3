"""同意 and 不同意: a unit answers a request, which takes effect or is refused."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, not_found
from app.orders.access.policy import may_decide
from app.orders.access.visible import get_visible
from app.orders.asking.service import WORDS
from app.orders.closing.service import cancel_now, close_unrecognised
from app.orders.handling.pausing import check_pause, pause
from app.orders.handling.service import check_person_and_caps
from app.orders.record.core import locked, need_reason, write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import ACTIVE, Action, OrderStatus, RequestKind, RequestState
from app.orders.upward.service import extend_now
from app.organisation.queries import hold_unit, is_open
from app.people.queries import get_person, lock_person, masked_names


def agree_request(
    actor: Actor, order_id: int, request_id: int, *, note: str | None = None
) -> Order:
    """同意: the act that the request asks for is done now.

    Raises NotFound `not_found`; Forbidden `order.not_allowed`; Conflict `order.request_decided`,
    `order.request_lapsed`, `order.action_not_allowed`, `order.changed_meanwhile` where the order does
    not admit the act any more; and what the act raises.
    """
    request, order = _take(actor, order_id, request_id)
    request.answer(RequestState.AGREED, now(), actor.person_id)
    # Written first, because the act may lapse all requests that are pending.
    session.flush()
    EFFECTS[request.kind](actor, order, request, note)
    tell(order, "agreed", [request.asked_by_id], what=WORDS[request.kind])
    return order


def refuse_request(actor: Actor, order_id: int, request_id: int, *, reason: str) -> Order:
    """不同意 or 退单: refuses the request; the order stays as it is.

    Raises Invalid `order.reason_required` and, before the answer, what `agree_request` raises.
    """
    request, order = _take(actor, order_id, request_id)
    order.refuse(now(), request, actor.person_id)
    write(actor, order, note=need_reason(reason), visible=request.kind is RequestKind.CANCEL)
    tell(order, "refused", [request.asked_by_id], what=WORDS[request.kind])
    return order


def _take(actor: Actor, order_id: int, request_id: int) -> tuple[OrderRequest, Order]:
    get_visible(actor, order_id)
    helper = session.scalar(
        select(OrderRequest.asked_by_id).where(
            OrderRequest.id == request_id, OrderRequest.kind == RequestKind.SUPPORT
        )
    )
    if helper is not None:
        lock_person(helper)
    order = locked(order_id)
    asked = select(OrderRequest).where(
        OrderRequest.id == request_id, OrderRequest.order_id == order_id
    )
    request = session.scalars(lock(asked)).one_or_none()
    if request is None:
        raise not_found()
    if not may_decide(actor, request, order):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    if request.state is not RequestState.PENDING:
        raise Conflict("order.request_decided", "这项申请已经答复过了。")
    if request.until <= now():
        raise Conflict("order.request_lapsed", "这项申请超过了时限，请重新申请。")
    order.check_action(Action.AGREE)
    return request, order


def _changed_meanwhile() -> Conflict:
    return Conflict("order.changed_meanwhile", "工单的情况已经变了，这项申请办不了了。")


def _suspend(actor: Actor, order: Order, request: OrderRequest, note: str | None) -> None:
    until = datetime.fromisoformat(request.details["until"])
    if order.status not in ACTIVE or until <= now():
        raise _changed_meanwhile()
    long_term = bool(request.details["long_term"])
    if order.suspensions > 0 and not long_term:
        raise _changed_meanwhile()
    check_pause(order, until - now())
    pause(actor, order, request, until=until, reason=note or "", long_term=long_term)
    if long_term:
        tell(order, "long_term", desk(order))


def _extend(actor: Actor, order: Order, request: OrderRequest, note: str | None) -> None:
    due_at = datetime.fromisoformat(request.details["due_at"])
    if order.due_at is not None and due_at <= order.due_at:
        raise _changed_meanwhile()
    extend_now(actor, order, request, due_at=due_at, note=note)


def _move_to(actor: Actor, order: Order, request: OrderRequest, note: str | None) -> None:
    """转办 or 上报: the order goes to the desk of the unit that agrees."""
    is_transfer = request.kind is RequestKind.TRANSFER
    admitted = {OrderStatus.SUBMITTED, OrderStatus.DISPATCHED} | (set() if is_transfer else ACTIVE)
    if order.status not in admitted:
        raise _changed_meanwhile()
    # A transfer names its unit, so that it never goes to the successor of a closed unit.
    unit = hold_unit(request.details["unit_id"] if is_transfer else request.unit_id)
    if not is_open(unit):
        raise _changed_meanwhile()
    earlier = order.holder_id or order.offered_to_id
    order.go_to(now(), unit_id=unit.id, unit_path=unit.path, is_first=is_transfer)
    order.note(**request.named)
    write(actor, order, note=note)
    tell(order, "recalled", [earlier])
    tell(order, "transferred", requesters(order), unit=unit.name)
    tell(order, "new", desk(order), category="转来")


def _support(actor: Actor, order: Order, request: OrderRequest, note: str | None) -> None:
    person = get_person(request.details["person_id"])
    if order.status is not OrderStatus.DISPATCHED or not person.is_active:
        raise _changed_meanwhile()
    at = now()
    check_person_and_caps(person, order, at)
    order.support(at, person_id=person.id)
    order.note(**request.named)
    write(actor, order, note=note)
    name = masked_names([person.id])[person.id]
    tell(order, "claimed", requesters(order), handler=name)


Effect = Callable[[Actor, Order, OrderRequest, str | None], None]
EFFECTS: dict[RequestKind, Effect] = {
    RequestKind.SUSPEND: _suspend,
    RequestKind.EXTEND: _extend,
    RequestKind.CANCEL: cancel_now,
    RequestKind.TRANSFER: _move_to,
    RequestKind.REPORT_UP: _move_to,
    RequestKind.SUPPORT: _support,
    RequestKind.CLOSE: close_unrecognised,
}
