"""Acts by the clock alone: each function works one batch, and may be called at any time.

One statement locks the orders that are due and skips those that another transaction has locked.
Each order has a savepoint: an order that fails is logged and left for the next call, and the others
go on. Each function returns the number of orders that it has worked.
"""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import and_, select

from app.categories.queries import category_or_none
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.queue import work_each
from app.orders.asking.service import WORDS
from app.orders.clockwork import due
from app.orders.giving.service import tell_leader_of_returns
from app.orders.handling.pausing import resume_order
from app.orders.linking.splitting import gather, gather_parent
from app.orders.record.core import write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import RequestState
from app.people.queries import holders_of, holders_of_role

BATCH = 500
log = structlog.get_logger("orders")

Work = Callable[[Order], None]


def lapse_offers(actor: Actor, *, limit: int = BATCH) -> int:
    """超时未接: an offer without an answer goes back to the dispatcher and counts as a return."""
    at = now()

    def lapse(order: Order) -> None:
        order.lapse(at)
        write(actor, order, visible=False)
        tell(order, "lapsed", desk(order))
        tell_leader_of_returns(order)

    return _work(due.unanswered_offers(at), lapse, limit)


def return_stale(actor: Actor, *, limit: int = BATCH) -> int:
    """Reminds the holder of a claimed order without a sign of life; later takes the order back."""
    at = now()

    def give_back(order: Order) -> None:
        earlier = order.holder_id
        order.lapse(at)
        write(actor, order, visible=False)
        tell(order, "lapsed_holder", [earlier])
        tell(order, "reassigned", requesters(order))
        tell(order, "lapsed", desk(order))
        tell_leader_of_returns(order)

    def remind(order: Order) -> None:
        _remind(actor, order, "stale", at)
        tell(order, "stale", [order.holder_id] if order.holder_id else desk(order))

    given_back = _work(due.still_without_sign(at), give_back, limit)
    return given_back + _work(due.without_sign(at), remind, limit - given_back)


def call_unclaimed(actor: Actor, *, limit: int = BATCH) -> int:
    """An order in the pool that nobody claims: the desk is told once, after 48 hours the backstop."""
    at = now()

    def call_backstop(order: Order) -> None:
        _remind(actor, order, "backstop", at)
        tell(order, "backstop", [*_backstops(order), *desk(order)])

    def call_desk(order: Order) -> None:
        _remind(actor, order, "unclaimed", at)
        tell(order, "unclaimed", desk(order))

    called = _work(due.left_to_backstop(at), call_backstop, limit)
    return called + _work(due.unclaimed(at), call_desk, limit - called)


def _backstops(order: Order) -> list[int]:
    """兜底人: the people with the role that the category names, or else the leaders."""
    category = category_or_none(order.category_id)
    named: list[int] = []
    if category is not None and category.backstop_role:
        named = holders_of_role(category.backstop_role, order.handling_unit_id)
    return named or holders_of("orders.lead", order.handling_unit_id)


def resume_due(actor: Actor, *, limit: int = BATCH) -> int:
    """恢复: a suspended order goes on at its date; the date to be solved by moves by the pause."""

    def resume(order: Order) -> None:
        resume_order(actor, order.id)

    return _work(due.pauses_over(now()), resume, limit)


def ask_again(actor: Actor, *, limit: int = BATCH) -> int:
    """请评价: the requester who has not answered is asked again on the first and the fifth day."""
    at = now()

    def ask(order: Order) -> None:
        _remind(actor, order, "please_rate", at)
        tell(order, "please_rate", requesters(order))

    return _work(due.to_ask_again(at), ask, limit)


def close_unanswered(actor: Actor, *, limit: int = BATCH) -> int:
    """逾期未评: closes orders without an answer after seven days, as `due.unanswered` has it."""
    at = now()

    def close(order: Order) -> None:
        order.close_unanswered(at)
        write(actor, order)
        tell(order, "closed", requesters(order))
        gather_parent(order)

    return _work(due.unanswered(at), close, limit)


def gather_parts(actor: Actor, *, limit: int = BATCH) -> int:
    """会办完成: completes orders whose last part was settled while the order itself was locked."""
    del actor
    return _work(due.with_settled_parts(), gather, limit)


def lapse_requests(actor: Actor, *, limit: int = BATCH) -> int:
    """申请失效: lapses the requests that nobody has answered in time."""
    at = now()
    overdue = and_(OrderRequest.state == RequestState.PENDING, OrderRequest.until <= at)

    def lapse(order: Order) -> None:
        requests = select(OrderRequest).where(OrderRequest.order_id == order.id, overdue)
        requests = requests.order_by(OrderRequest.id).with_for_update(key_share=True)
        for request in session.scalars(requests).all():
            order.lapse_request(at, request)
            write(actor, order, visible=False)
            tell(order, "request_lapsed", [request.asked_by_id], what=WORDS[request.kind])

    return _work(Order.id.in_(select(OrderRequest.order_id).where(overdue)), lapse, limit)


def _remind(actor: Actor, order: Order, step: str, at: datetime) -> None:
    order.remind(at, step=step)
    write(actor, order, visible=False)


def _work(condition: due.Condition, work: Work, limit: int) -> int:
    if limit <= 0:
        return 0
    statement = (
        select(Order)
        .where(condition)
        .order_by(Order.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True, of=Order)
        .execution_options(populate_existing=True)
    )

    def work_one(order: Order) -> int:
        version = order.version
        work(order)
        return order.version > version

    return work_each(session.scalars(statement).all(), work_one, _leave)


def _leave(order: Order, broken: Exception) -> None:
    order.forget_act()
    log.error("order.timed_failed", order_id=order.id, exc_info=broken)
