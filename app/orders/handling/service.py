"""党员接单: the handler claims, declines, visits, reports on, returns and completes orders."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, bindparam, func, select

from app.categories.models import Category
from app.categories.queries import category_or_none
from app.categories.states import NeedsPhoto
from app.deadlines.computing.states import LateReason, Stage
from app.deadlines.standing.explaining import explain_lateness
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import local_midnight, now, spoken
from app.kernel.database import UTCDateTime, session
from app.kernel.database.fast.rows import fetch, table_of
from app.kernel.errors import Conflict, Forbidden, Invalid, TooMany
from app.orders.access.fitness import needs_code, owes_code, unfit
from app.orders.access.policy import may_explain, may_lead
from app.orders.access.visible import check_reach, contents_of, get_visible
from app.orders.giving.helping import check_helpers
from app.orders.giving.service import holds, tell_leader_of_returns
from app.orders.linking.splitting import check_parts, tell_completed
from app.orders.record.core import attach_pictures, locked, need_reason, take, write
from app.orders.record.telling import desk, requesters, tell
from app.orders.record.timing import KIND
from app.orders.ticket.models import Order, OrderAssignee, OrderEvent
from app.orders.ticket.states import (
    ACTIVE,
    PROGRESS_MIN_LENGTH,
    VISIT_CODE_REST,
    VISIT_CODE_TRIES,
    Action,
    HandlerKind,
    OrderStatus,
)
from app.organisation.queries import setting
from app.people.models import Person
from app.people.queries import lock_person, masked_names
from app.people.states import PersonKind


def claim_order(actor: Actor, order_id: int, *, note: str | None = None) -> Order:
    """接单: the actor becomes the holder; of several people who claim at once one succeeds.

    Raises Conflict `order.already_claimed`, and what `take` and `check_person_and_caps` raise.
    """
    check_reach(actor, order_id, Action.CLAIM)
    person = lock_person(actor.own_id)
    order = _take_claimable(actor, order_id)
    at = now()
    # Checked again under the lock: a registration may have ended since the request began.
    if not holds(person.id, "orders.claim", order, at):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    check_person_and_caps(person, order, at)
    kind = HandlerKind.VOLUNTEER if person.kind is PersonKind.VOLUNTEER else HandlerKind.MEMBER
    order.claim(at, kind=kind, person_id=person.id)
    write(actor, order, note=note)
    name = masked_names([person.id])[person.id]
    tell(order, "claimed", requesters(order), handler=name)
    tell(order, "claimed_staff", desk(order), handler=name)
    return order


def _take_claimable(actor: Actor, order_id: int) -> Order:
    try:
        return take(actor, order_id, Action.CLAIM)
    except (Conflict, Forbidden) as refused:
        order = session.get_one(Order, order_id)
        if order.is_held or order.status is OrderStatus.COMPLETED:
            raise Conflict("order.already_claimed", "已经有人接了这张工单，谢谢您。") from refused
        raise


def check_person_and_caps(person: Person, order: Order, at: datetime) -> None:
    """Raises an error unless the person, whose row must be locked, may claim the order now.

    Forbidden `person.inactive`, `order.skill_missing`, `order.vetted_only`; Conflict `person.away`,
    `order.open_cap`, `order.daily_cap`.
    """
    if not person.is_active:
        raise Forbidden("person.inactive", "您的账号已停用，如有疑问请联系社区。")
    why_not = unfit(person, category_or_none(order.category_id))
    if why_not is not None:
        raise Forbidden(*why_not)
    if person.is_away(at):
        raise Conflict("person.away", "您现在是暂不接单，先恢复接单再来接。")
    _check_caps(person, order, at)


_ORDERS, _ASSIGNEES = table_of(Order), table_of(OrderAssignee)
_PERSON = bindparam("person_id", type_=BigInteger)
# The number of orders that a person holds, and of those that he or she has claimed today.
_IN_HAND = select(
    select(func.count())
    .where(_ORDERS.c.holder_id == _PERSON, _ORDERS.c.status.in_(ACTIVE))
    .scalar_subquery(),
    select(func.count())
    .where(
        _ASSIGNEES.c.person_id == _PERSON,
        _ASSIGNEES.c.by_claim,
        _ASSIGNEES.c.since >= bindparam("midnight", type_=UTCDateTime),
    )
    .scalar_subquery(),
)


def _check_caps(person: Person, order: Order, at: datetime) -> None:
    """By the unit's settings, by default 3 orders in hand (suspended ones left out) and 2 new a day."""
    ((held, today),) = fetch(_IN_HAND, {"person_id": person.id, "midnight": local_midnight(at)})
    if held >= setting(order.handling_unit_id, "orders.open_cap"):
        raise Conflict("order.open_cap", "您手上的工单已经够多了，办完一件再接吧。")
    if today >= setting(order.handling_unit_id, "orders.daily_cap"):
        raise Conflict("order.daily_cap", "您今天接的工单已经够多了，明天再接吧。")


def decline_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """暂不接单: the actor declines an offer, which counts as a return; the dispatchers are told.

    Raises Invalid `order.reason_required` and what `take` raises.
    """
    order = take(actor, order_id, Action.DECLINE)
    order.decline(now())
    write(actor, order, note=need_reason(reason), visible=False)
    name = masked_names([actor.own_id])[actor.own_id]
    tell(order, "declined", desk(order), handler=name)
    tell_leader_of_returns(order)
    return order


def appoint_order(actor: Actor, order_id: int, *, at: datetime, note: str | None = None) -> Order:
    """约时间: notes the time of the visit and tells the requester.

    Raises Invalid `order.time_in_the_past` and what `take` raises.
    """
    order = take(actor, order_id, Action.APPOINT)
    moment = now()
    if at <= moment:
        raise Invalid(
            "order.time_in_the_past", "约的时间要在现在之后。", errors={"at": ["要在现在之后。"]}
        )
    order.appoint(moment, at)
    write(actor, order, note=note)
    name = "承办单位"
    if order.holder_id is not None:
        name = masked_names([order.holder_id]).get(order.holder_id, "办理人")
    tell(order, "appointed", requesters(order), handler=name, time=spoken(at))
    return order


def start_order(
    actor: Actor, order_id: int, *, visit_code: str | None = None, note: str | None = None
) -> Order:
    """开始: the work begins; a home visit needs the four digits that the resident shows (上门码).

    Raises Invalid `order.visit_code_required`, `order.visit_code_wrong` (each wrong code is
    audited), TooMany `order.visit_code_locked` after five wrong codes in an hour, and what `take`
    raises.
    """
    order = take(actor, order_id, Action.START)
    at = now()
    order.start(at, visit_proven=_check_visit(actor, order, visit_code, at))
    write(actor, order, note=note)
    tell(order, "started", requesters(order))
    return order


def _check_visit(actor: Actor, order: Order, visit_code: str | None, at: datetime) -> bool:
    """Whether the code proves the visit; raises where it is wrong, or missing and needed."""
    if visit_code is None:
        if needs_code(order, category_or_none(order.category_id)):
            raise Invalid("order.visit_code_required", "上门服务请向居民要四位上门码。")
        return False
    tried = audit.count_since("order.visit_code_wrong", "order", order.id, at - VISIT_CODE_REST)
    if tried >= VISIT_CODE_TRIES:
        raise TooMany(
            "order.visit_code_locked",
            "上门码错了太多次，请一小时后再试，或请社区核实。",
            retry_after=int(VISIT_CODE_REST.total_seconds()),
        )
    if visit_code != order.visit_code:
        wrong = audit.audit_values(
            actor, "order.visit_code_wrong", "order", order.id, unit_id=order.handling_unit_id
        )
        told, rows = "上门码不对，请再问一下居民。", [audit.AuditRow(**wrong)]
        raise Invalid("order.visit_code_wrong", told, refusal_rows=rows)
    return True


def progress_order(
    actor: Actor,
    order_id: int,
    *,
    note: str | None = None,
    photo_ids: Sequence[int] = (),
    visible: bool = True,
) -> Order:
    """反馈: a report of ten characters or more, or with a picture; `visible` shows it to the requester.

    Raises Invalid `order.progress_too_short` and what `take` raises.
    """
    order = take(actor, order_id, Action.PROGRESS)
    if len(note or "") < PROGRESS_MIN_LENGTH and not photo_ids:
        raise Invalid("order.progress_too_short", "请写十个字以上，或拍一张照片。")
    attach_pictures(actor, order, photo_ids)
    order.progress(now())
    write(actor, order, note=note, photo_ids=photo_ids, visible=visible)
    if visible:
        tell(order, "progress", requesters(order))
    return order


def return_order(actor: Actor, order_id: int, *, reason: str) -> Order:
    """退回: the handler gives the order back to the pool, a sensitive one to the desk.

    After the second return a leader must assign it. Raises Invalid `order.reason_required` and what
    `take` raises.
    """
    order = take(actor, order_id, Action.RETURN)
    order.give_back(now())
    write(actor, order, note=need_reason(reason), visible=False)
    tell(order, "returned", desk(order))
    tell_leader_of_returns(order)
    return order


def complete_order(
    actor: Actor,
    order_id: int,
    *,
    note: str,
    photo_ids: Sequence[int] = (),
    minutes_spent: int | None = None,
    helper_ids: Sequence[int] = (),
) -> Order:
    """提交办结: the handler says that the work is done; then the desk checks it or residents are told.

    Without `helper_ids` the helpers of the order count as helpers. Raises Conflict
    `order.parts_open`; Invalid `order.visit_code_required`, `order.photo_required`,
    `order.two_people`, `helper.unknown`; and what `take` raises.
    """
    order = take(actor, order_id, Action.COMPLETE)
    check_parts(order)
    category = category_or_none(order.category_id)
    _check_proof(order, category, photo_ids)
    helpers = list(helper_ids) or order.helper_ids
    if category is not None and category.two_people and not helpers:
        raise Invalid("order.two_people", "这类工单须两人同行，请选一起去的人。")
    check_helpers(order, helpers, order.holder_id)
    attach_pictures(actor, order, photo_ids)
    order.complete(now(), minutes_spent=minutes_spent, helper_ids=helpers)
    write(actor, order, note=note, photo_ids=photo_ids)
    tell_completed(order, category)
    return order


def _check_proof(order: Order, category: Category | None, photo_ids: Sequence[int]) -> None:
    if category is None:
        return
    if owes_code(order, category):
        raise Invalid(
            "order.visit_code_required", "上门服务请先点“开始”，填上居民的四位上门码，再提交办结。"
        )
    if category.needs_photo is NeedsPhoto.AFTER and not photo_ids and not _has_picture(order):
        raise Invalid("order.photo_required", "这类工单办结时请拍一张照片。")


def _has_picture(order: Order) -> bool:
    """Whether a report of this round has a picture."""
    rows = session.scalars(
        select(OrderEvent).where(
            OrderEvent.order_id == order.id,
            OrderEvent.round == order.round,
            OrderEvent.action == Action.PROGRESS,
        )
    ).all()
    return any(content.photo_ids for content in contents_of(rows).values())


def explain_order(
    actor: Actor,
    order_id: int,
    *,
    stage: Stage,
    reason: LateReason,
    round: int | None = None,
    note: str | None = None,
) -> Order:
    """Notes why a stage of the present round, or of `round`, was late; a leader may change it later.

    Raises NotFound `not_found`, Forbidden `order.not_allowed`, Conflict `deadline.not_late`,
    `deadline.reason_given`.
    """
    get_visible(actor, order_id)
    order = locked(order_id)
    if not may_explain(actor, order):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    explain_lateness(
        actor,
        (KIND, order.id),
        round or order.round,
        stage,
        reason=reason,
        note=note,
        may_change=may_lead(actor, order),
    )
    return order
