"""附议: neighbours join an order because they have met the same, and may doubt its outcome."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden
from app.orders.access.visible import get_visible
from app.orders.record.core import keep_beside, locked, take, write
from app.orders.record.telling import desk, tell
from app.orders.ticket.models import Order, OrderFollower
from app.orders.ticket.states import REOPEN_WITHIN, Action, OrderStatus


def join_order(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """附议 (我也遇到了): the actor is counted and will hear the outcome.

    Raises Conflict `order.already_joined` and what `take` raises.
    """
    order = take(actor, order_id, Action.JOIN)
    order.join(now(), actor.own_id)
    try:
        with session.begin_nested():
            keep_beside(order)
    except IntegrityError as twice:
        raise Conflict("order.already_joined", "您已经附议过了，办好后会告诉您。") from twice
    # Neighbours see the number of people who have joined; only staff see the people.
    write(actor, order, note=note, visible=False)
    tell(order, "joined", [order.holder_id, *desk(order)])
    return order


def still_not_solved(actor: Actor, order_id: int) -> Order:
    """我这里还没好: a joiner says so after the outcome, once for each outcome; staff follow it up.

    Raises NotFound `not_found`, Forbidden `order.not_allowed` where the actor sees the order but has
    not joined, Conflict `order.no_outcome_yet`, `order.already_said`, `order.too_late_to_reopen`.
    """
    if session.scalars(_follower(actor, order_id)).one_or_none() is None:
        get_visible(actor, order_id)
        raise Forbidden("order.not_allowed", "这一步由附议的居民来办。")
    order = locked(order_id)
    # The outcome of a merged order is that of its root.
    root = order if order.merged_into_id is None else session.get_one(Order, order.merged_into_id)
    follower = session.scalars(lock(_follower(actor, order_id))).one()
    at = now()
    _check_outcome(root, follower, at)
    follower.doubt(at)
    order.doubt(at)
    write(actor, order, visible=False)
    tell(order, "joiner_unsolved", desk(order))
    return order


def _follower(actor: Actor, order_id: int) -> Select[OrderFollower]:
    return select(OrderFollower).where(
        OrderFollower.order_id == order_id, OrderFollower.person_id == actor.own_id
    )


def _check_outcome(root: Order, follower: OrderFollower, at: datetime) -> None:
    done = root.completed_at
    if root.status not in (OrderStatus.COMPLETED, OrderStatus.CLOSED) or done is None:
        raise Conflict("order.no_outcome_yet", "这件事还在办，办好后再请您说。")
    if follower.not_solved_at is not None and follower.not_solved_at >= done:
        raise Conflict("order.already_said", "社区已经知道了，正在跟进。")
    if at - done > REOPEN_WITHIN:
        raise Conflict("order.too_late_to_reopen", "办结已超过30天，请重新下单。")
