"""合并、拆开: several orders about one matter follow one of them, the root."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select

from app.categories.states import URGENCY_RANK
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, Invalid, instead_of_not_found
from app.orders.access.policy import may_manage
from app.orders.access.visible import get_visible
from app.orders.giving.service import is_called_anew, tell_desk_of_new
from app.orders.record.core import locked, need_reason, take, write
from app.orders.record.telling import requesters, tell
from app.orders.ticket.models import Order, OrderFollower
from app.orders.ticket.states import OPEN, STAFF_WORDS, UNMERGE_WITHIN, Action

_PROGRAM = Actor.system("orders.release_root")


def merge_order(
    actor: Actor, order_id: int, *, into_id: int, reason: str | None = None, note: str | None = None
) -> Order:
    """合并: merges the order, and all orders merged into it, into an open root of the same unit.

    `reason`, if given, is the note of the history row; a `note` beside it stands in the details.
    Raises Invalid `order.into_unknown`, `order.merge_into_itself`; Conflict `order.root_not_open`,
    `order.other_unit`, `order.is_part`, `order.has_parts`; and what `take` raises.
    """
    order, root = _take_both(actor, order_id, into_id)
    at = now()
    followers = _merged_into(order.id)
    earlier = order.holder_id or order.offered_to_id
    order.merge(at, root_id=root.id, root=root.number)
    if reason and note:
        order.note(note=note)
    write(actor, order, note=reason or note)
    tell(order, "merged", requesters(order), root=root.number)
    for follower in followers:
        _point(actor, follower, root, at)
    _take_in(actor, root, order, followers, at)
    tell(order, "recalled", [earlier])
    tell(root, "joined", [root.holder_id])
    return order


def _take_both(actor: Actor, order_id: int, into_id: int) -> tuple[Order, Order]:
    """Both orders, locked in the order of their ids."""
    if not may_manage(actor, get_visible(actor, order_id)):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    if into_id == order_id:
        raise Invalid("order.merge_into_itself", "不能把工单合并到它自己。")
    with instead_of_not_found(Invalid("order.into_unknown", "没有找到要合并到的工单。")):
        get_visible(actor, into_id)
    if order_id < into_id:
        order = _take_follower(actor, order_id)
        root = _take_root(into_id)
    else:
        root = _take_root(into_id)
        order = _take_follower(actor, order_id)
    if order.handling_unit_id != root.handling_unit_id:
        raise Conflict("order.other_unit", "两张工单不归同一个单位，不能合并。")
    return order, root


def _take_follower(actor: Actor, order_id: int) -> Order:
    order = take(actor, order_id, Action.MERGE)
    _check_whole(order)
    if session.scalar(select(exists().where(Order.parent_id == order.id))):
        raise Conflict("order.has_parts", "这张工单正在会办，不能合并到别的工单。")
    return order


def _take_root(into_id: int) -> Order:
    root = locked(into_id)
    if root.status not in OPEN:
        raise Conflict(
            "order.root_not_open",
            f"要合并到的工单现在是“{STAFF_WORDS[root.status]}”，请选一张还在办的工单。",
        )
    _check_whole(root)
    return root


def _check_whole(order: Order) -> None:
    if order.parent_id is not None:
        raise Conflict("order.is_part", "会办的一部分不能合并，请在主单上操作。")


def _merged_into(root_id: int) -> list[Order]:
    """The orders that are merged into the root, locked, oldest first."""
    following = select(Order).where(Order.merged_into_id == root_id).order_by(Order.id)
    return list(session.scalars(lock(following)))


def _point(actor: Actor, order: Order, root: Order, at: datetime) -> None:
    """Merges a merged order into another root."""
    order.follow_root(at, root_id=root.id, root=root.number)
    write(actor, order)
    tell(order, "merged", requesters(order), root=root.number)


def _take_in(
    actor: Actor, root: Order, order: Order, followers: Sequence[Order], at: datetime
) -> None:
    """Makes the root as urgent and as green as the order, and due as early."""
    rank = URGENCY_RANK.index
    urgency = order.urgency if rank(order.urgency) > rank(root.urgency) else None
    earlier = order.due_at is not None and (root.due_at is None or order.due_at < root.due_at)
    root.take_in(
        at,
        merged=[merged.number for merged in (order, *followers)],
        urgency=urgency,
        green_channel=order.green_channel and not root.green_channel,
        due_at=order.due_at if earlier else None,
        called=urgency is not None and is_called_anew(root, urgency),
    )
    write(actor, root, visible=False)


def unmerge_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """拆开: takes a merged order off its root, back to the desk, within 30 days of the merger.

    Raises Conflict `order.too_late_to_unmerge`, Invalid `order.reason_required` and what `take` raises.
    """
    order = take(actor, order_id, Action.UNMERGE)
    return unmerge(actor, order, Action.UNMERGE, reason=reason)


def unmerge(actor: Actor, order: Order, action: Action, *, reason: str) -> Order:
    """Takes a locked order off its root by UNMERGE or REOPEN; raises what `unmerge_order` raises."""
    at = now()
    if at - order.entered_at > UNMERGE_WITHIN:
        raise Conflict("order.too_late_to_unmerge", "合并已超过30天，请重新下单。")
    _come_apart(actor, order, action, at, need_reason(reason))
    return order


def _come_apart(actor: Actor, order: Order, action: Action, at: datetime, note: str) -> None:
    order.come_apart(action, at)
    write(actor, order, note=note)
    tell(order, "unmerged", requesters(order))
    tell_desk_of_new(order)


def release_root(order: Order, at: datetime) -> None:
    """After the root was withdrawn: the oldest order merged into it becomes the root of the others."""
    followers = _merged_into(order.id)
    if not followers:
        return
    heir, *others = followers
    note = f"{order.number}号工单已终止，改由本单继续办理。"
    _come_apart(_PROGRAM, heir, Action.UNMERGE, at, note)
    for other in others:
        _point(_PROGRAM, other, heir, at)


def outcome_hearers(order: Order) -> list[int]:
    """Ids of the people who hear the outcome besides the requester, each once.

    They are the joiners of the order and of the orders merged into it, and the people who placed
    the merged orders.
    """
    family = select(Order.id).where(or_(Order.id == order.id, Order.merged_into_id == order.id))
    followers = session.scalars(
        select(OrderFollower.person_id)
        .where(OrderFollower.order_id.in_(family))
        .order_by(OrderFollower.id)
    )
    merged = session.execute(
        select(Order.requester_id, Order.placer_id)
        .where(Order.merged_into_id == order.id)
        .order_by(Order.id)
    )
    people = [*followers, *(person for row in merged for person in row)]
    own = requesters(order)
    return [p for p in dict.fromkeys(people) if p is not None and p not in own]
