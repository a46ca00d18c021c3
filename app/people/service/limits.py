"""Limits: to phone and desk for abuse, with an appeal; no direct offers after missed visits."""

from datetime import timedelta

from sqlalchemy import select

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.events import announce
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people import policy, queries
from app.people.events import LimitAppealed, LimitDecided, OffersUnblocked, PersonLimited
from app.people.models import Person, PersonLimit
from app.people.service.checks import known_unit, lock_active
from app.people.states import LIMIT_DAYS, LimitState


def limit_person(
    actor: Actor, person_id: int, days: int, reason: str, *, unit_id: int | None = None
) -> PersonLimit:
    """Limits the person to phone and desk for 7, 30 or 90 days, and returns the limit.

    `unit_id` is the unit whose orders were abused; the person need not live there. Without it, it
    is a unit that the person belongs to and the actor leads.

    Raises NotFound `not_found`; Forbidden `person.may_not_limit`; Conflict `person.erased`,
    `person.inactive`, `person.already_limited`; Invalid `limit.days`, `unit.unknown`.
    """
    if unit_id is None:
        queries.get_visible_person(actor, person_id)
    unit = _led_unit(actor, person_id, unit_id)
    person = lock_active(person_id)
    at = now()
    if person.is_desk_only(at):
        raise Conflict("person.already_limited", "这位居民已被限制，到期前不能再加。")
    if days not in LIMIT_DAYS:
        raise Invalid("limit.days", "请选择 7 天、30 天或 90 天。")
    limit = PersonLimit(
        person_id=person_id,
        unit_id=unit.id,
        days=days,
        since=at,
        until=at + timedelta(days=days),
        limited_by=actor.person_id,
    )
    session.add(limit)
    session.flush()
    limit.put("reason", reason)
    person.desk_only_until = limit.until
    person.version += 1
    _record(actor, "person.limited", limit)
    announce(PersonLimited(limit.id, person_id, unit.id, days))
    return limit


def appeal_limit(actor: Actor, limit_id: int, text: str) -> PersonLimit:
    """Notes the limited person's appeal, which is possible once, and returns the limit.

    The unit above decides about it. Raises NotFound `not_found`, Forbidden `limit.may_not_appeal`,
    Conflict `limit.already_decided`.
    """
    limit = _lock_limit(actor, limit_id)
    if limit.person_id != actor.person_id:
        raise Forbidden("limit.may_not_appeal", "只有本人可以申诉。")
    if limit.state is not LimitState.IN_FORCE or not limit.is_in_force(now()):
        raise Conflict("limit.already_decided", "已经申诉过，或限制已经结束。")
    limit.state = LimitState.APPEALED
    limit.put("appeal", text)
    _record(actor, "limit.appealed", limit)
    announce(LimitAppealed(limit.id, limit.person_id, limit.unit_id))
    return limit


def uphold_limit(actor: Actor, limit_id: int, answer: str) -> PersonLimit:
    """Decides an appeal so that the limit stays, and returns the limit.

    Raises NotFound `not_found`; Forbidden `limit.may_not_decide`; Conflict `limit.already_decided`
    where no appeal waits.
    """
    limit = _lock_limit_of_other(actor, limit_id)
    if not policy.may_hear_appeal(actor, limit.limited_by, _path(limit)):
        raise Forbidden("limit.may_not_decide", "申诉由上级处理。")
    if limit.state is not LimitState.APPEALED:
        raise Conflict("limit.already_decided", "这里没有待处理的申诉。")
    _decide(actor, limit, LimitState.UPHELD, answer)
    return limit


def lift_limit(actor: Actor, limit_id: int, answer: str) -> PersonLimit:
    """Ends a limit early, with or without an appeal, and returns the limit.

    Raises NotFound `not_found`, Forbidden `limit.may_not_decide`, Conflict `limit.already_decided`.
    """
    limit = _lock_limit_of_other(actor, limit_id)
    if not policy.may_lift_limit(actor, _path(limit)):
        raise Forbidden("limit.may_not_decide", "您不能解除这项限制。")
    if not limit.is_in_force(now()):
        raise Conflict("limit.already_decided", "这项限制已经结束。")
    queries.get_person(limit.person_id).desk_only_until = None
    _decide(actor, limit, LimitState.LIFTED, answer)
    return limit


def block_offers(actor: Actor, person_id: int) -> Person:
    """Stops direct offers to the member until a leader has talked to him or her; returns the person.

    Where they are stopped already, nothing changes. Raises NotFound `not_found`; Conflict
    `person.erased`, `person.inactive`; Forbidden `person.may_not_block`.
    """
    person = lock_active(person_id)
    if not policy.may_block_offers(actor, queries.unit_paths_of(person_id)):
        raise Forbidden("person.may_not_block", "您不能停止给这位党员派单。")
    if person.offers_blocked_at is None:
        person.offers_blocked_at = now()
        person.version += 1
        session.flush()
        unit_id = queries.audit_unit_of(person_id)
        audit.record(actor, "person.offers_blocked", "person", person_id, unit_id=unit_id)
    return person


def clear_offers_block(actor: Actor, person_id: int, note: str) -> Person:
    """Lets direct offers come again after a leader has talked to the member; returns the person.

    `note` goes into the audit. Raises NotFound `not_found`; Forbidden `person.may_not_limit`;
    Conflict `person.erased`, `person.inactive`, `person.not_blocked`.
    """
    queries.get_visible_person(actor, person_id)
    unit = _led_unit(actor, person_id, None)
    person = lock_active(person_id)
    if person.offers_blocked_at is None:
        raise Conflict("person.not_blocked", "这位党员没有被停止派单。")
    person.offers_blocked_at = None
    person.version += 1
    session.flush()
    audit.record(
        actor, "person.offers_unblocked", "person", person_id, reason=note, unit_id=unit.id
    )
    announce(OffersUnblocked(person_id))
    return person


def _led_unit(actor: Actor, person_id: int, unit_id: int | None) -> Unit:
    """Returns the unit that the actor leads: `unit_id`, or the first of the person's units.

    Raises Forbidden `person.may_not_limit`, also where the actor is the person.
    """
    candidates = (
        [known_unit(unit_id)]
        if unit_id is not None
        else [get_unit(int(p.split("/")[-2])) for p in queries.unit_paths_of(person_id)]
    )
    led = [unit for unit in candidates if policy.may_lead(actor, unit.path)]
    if not led or actor.person_id == person_id:
        raise Forbidden("person.may_not_limit", "只有社区负责人可以这样做。")
    return led[0]


def _lock_limit(actor: Actor, limit_id: int) -> PersonLimit:
    seen = queries.get_visible_limit(actor, limit_id)
    queries.lock_person(seen.person_id)
    limit = session.scalar(lock(select(PersonLimit).where(PersonLimit.id == limit_id)))
    return limit or seen


def _lock_limit_of_other(actor: Actor, limit_id: int) -> PersonLimit:
    limit = _lock_limit(actor, limit_id)
    if limit.person_id == actor.person_id:
        raise Forbidden("limit.may_not_decide", "您不能处理对自己的限制，请等上级决定。")
    return limit


def _path(limit: PersonLimit) -> str:
    return get_unit(limit.unit_id).path


def _decide(actor: Actor, limit: PersonLimit, state: LimitState, answer: str) -> None:
    limit.state = state
    limit.put("answer", answer)
    limit.decided_by = actor.person_id
    limit.decided_at = now()
    lifted = state is LimitState.LIFTED
    _record(actor, "limit.lifted" if lifted else "limit.upheld", limit)
    announce(LimitDecided(limit.id, limit.person_id, lifted))


def _record(actor: Actor, action: str, limit: PersonLimit) -> None:
    session.flush()
    audit.record(actor, action, "person", limit.person_id, unit_id=limit.unit_id)
