"""The requester waits: 催单 and 没来, and the desk's check of a missed visit."""

from sqlalchemy import Select, func, select

from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, TooMany
from app.orders.record.core import take, write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import NoShow, Order
from app.orders.ticket.states import NO_SHOW_WINDOW, NO_SHOWS_ADMITTED, URGE_EVERY, Action
from app.people.queries import holders_of, lock_person
from app.people.service import block_offers


def urge_order(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """催单: the requester urges the order, once a day, in an emergency every 30 minutes.

    Raises TooMany `order.urged_already` (with the seconds to wait) and what `take` raises.
    """
    order = take(actor, order_id, Action.URGE)
    at = now()
    pace = URGE_EVERY[order.urgency]
    if order.urged_at is not None and at - order.urged_at < pace:
        wait = int((order.urged_at + pace - at).total_seconds())
        raise TooMany(
            "order.urged_already", "您已经催过了，社区正在抓紧办。", retry_after=max(wait, 1)
        )
    order.urge(at)
    write(actor, order, note=note)
    urgent = order.urgency is Urgency.EMERGENCY
    tell(order, "urged", [order.holder_id, *desk(order)], urgent=urgent)
    return order


def report_not_come(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """没来: the requester says after the appointed time that nobody came; dispatchers are told.

    Raises Conflict `order.not_appointed`, `order.not_yet`, `order.not_come_reported` and what
    `take` raises.
    """
    order = take(actor, order_id, Action.NOT_COME)
    at = now()
    if order.appointed_at is None or order.visited_at is not None:
        raise Conflict("order.not_appointed", "还没有约好上门时间，或已经来过了。")
    if at < order.appointed_at:
        raise Conflict("order.not_yet", "还没到约好的时间，请再等一等。")
    if session.scalars(_reported(order_id)).first() is not None:
        raise Conflict("order.not_come_reported", "社区已经知道了，正在核实。")
    order.miss(at)
    write(actor, order, note=note)
    tell(order, "not_come", desk(order), urgent=True)
    return order


def confirm_no_show(actor: Actor, order_id: int, *, confirmed: bool, note: str) -> Order:
    """核实: the desk confirms or denies the oldest report of a missed visit.

    A member with two confirmed reports in 60 days gets no direct offers until a leader has talked
    to him or her. Raises Forbidden `order.own_no_show`, Conflict `order.nothing_to_confirm` and what
    `take` raises.
    """
    waiting = _reported(order_id)
    reported = session.scalars(waiting).one_or_none()
    if reported is not None:
        lock_person(reported.person_id)
    order = take(actor, order_id, Action.CONFIRM_NO_SHOW)
    if reported is not None and reported.person_id == actor.person_id:
        raise Forbidden("order.own_no_show", "这是关于您自己的，请由别人核实。")
    row = session.scalars(lock(waiting)).one_or_none()
    if row is None:
        raise Conflict("order.nothing_to_confirm", "没有等待核实的“没来”。")
    at, person_id = now(), row.person_id
    if confirmed:
        row.confirm(at, actor.person_id)
        session.flush()
        _block_if_repeated(actor, order, person_id)
    else:
        session.delete(row)
    order.judge_miss(at, confirmed=confirmed)
    write(actor, order, note=note, visible=False)
    if confirmed:
        tell(order, "no_show_confirmed", [person_id])
    tell(order, "no_show_heard" if confirmed else "no_show_denied", requesters(order))
    return order


def _reported(order_id: int) -> Select[NoShow]:
    """A statement for the oldest report of the order that nobody has judged yet."""
    waiting = select(NoShow).where(NoShow.order_id == order_id, NoShow.confirmed_at.is_(None))
    return waiting.order_by(NoShow.id).limit(1)


def _block_if_repeated(actor: Actor, order: Order, person_id: int) -> None:
    confirmed = session.scalar(
        select(func.count())
        .select_from(NoShow)
        .where(NoShow.person_id == person_id, NoShow.confirmed_at > now() - NO_SHOW_WINDOW)
    )
    if (confirmed or 0) > NO_SHOWS_ADMITTED:
        block_offers(actor, person_id)
        tell(order, "no_show_confirmed", holders_of("orders.lead", order.handling_unit_id))
