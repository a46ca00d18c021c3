"""Puts the shipped roles into the database, gives roles to people, and ends them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, audit_values
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import insert_ignore
from app.kernel.errors import Conflict, Forbidden, Invalid, not_found
from app.kernel.events import announce
from app.kernel.permissions import permissions_of
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people import policy, queries
from app.people.events import RoleEnded, RoleGranted
from app.people.models import Role, RoleGrant
from app.people.roles import BY_REGISTRATION, ROLES
from app.people.service.batches import one_by_one
from app.people.service.checks import known_unit, lock_active


def seed_roles(actor: Actor) -> int:
    """Adds the roles of `ROLES` that the table lacks, and corrects their names.

    Answers how many rows it added or changed. Raises Forbidden `role.may_not_seed` for a person.
    """
    if not actor.is_system:
        raise Forbidden("role.may_not_seed", "岗位由系统维护。")
    names = {role.code: role.name for role in ROLES}
    known = set(session.scalars(select(Role.code)))
    insert_ignore(
        Role, [{"code": code, "name": name} for code, name in names.items()], conflict=["code"]
    )
    changed = len(names.keys() - known)
    for role in session.scalars(lock(select(Role).where(Role.code.in_(names)))):
        if role.name != names[role.code]:
            role.name = names[role.code]
            changed += 1
    session.flush()
    return changed


def grant_role(
    actor: Actor,
    person_id: int,
    role_code: str,
    unit_id: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> RoleGrant:
    """Gives a person a role over a unit and all units below it; answers the new grant.

    The role begins at `since`, or now where that is past, and ends at `until` (None: no end).
    Raises Forbidden `role.own` where the actor is the person; `role.may_not_grant` where the role
    has a permission that the actor does not hold at the unit (this refusal is kept in the audit);
    `role.by_registration_only` for a role that comes by a registration. Raises Invalid
    `role.bad_span` and Conflict `role.already_granted`.
    """
    queries.get_visible_person(actor, person_id)
    role, unit = queries.get_role(role_code), known_unit(unit_id)
    _check_grant(actor, person_id, role, unit)
    lock_active(person_id)
    unit.check_open()
    at = now()
    start = max(since or at, at)
    if until is not None and until <= start:
        raise Invalid("role.bad_span", "结束时间要晚于开始时间。")
    close_expired(person_id)
    grant = RoleGrant(
        person_id=person_id,
        role_code=role.code,
        unit_id=unit.id,
        since=start,
        until=until,
        granted_by=actor.person_id,
    )
    _insert(grant)
    audit.record(actor, "role.granted", "person", person_id, fields=[role.code], unit_id=unit.id)
    announce(RoleGranted(person_id, role.code, unit.id))
    return grant


def end_role(actor: Actor, grant_id: int) -> RoleGrant:
    """Ends a grant now; the actor must be one who could give it. Answers the ended grant.

    Raises Forbidden `role.may_not_grant`, Conflict `role.by_registration` for a role that came by a
    registration, and Conflict `role.already_ended`.
    """
    seen = queries.get_visible_grant(actor, grant_id)
    queries.lock_person(seen.person_id)
    grant = _lock_grant(grant_id)
    if not may_give(actor, grant):
        raise _denied(actor, grant.person_id, grant.role_code, grant.unit_id)
    if grant.registration_id is not None:
        raise Conflict("role.by_registration", "这个岗位随报到而来，请结束报到。")
    finish_grant(actor, grant)
    return grant


def finish_grant(actor: Actor, grant: RoleGrant) -> None:
    """Ends a locked grant now and announces it; raises Conflict `role.already_ended`."""
    at = now()
    if grant.ended_at is not None or (grant.until is not None and grant.until <= at):
        raise Conflict("role.already_ended", "这个岗位已经结束了。")
    grant.end(actor.person_id, at)
    session.flush()
    audit.record(
        actor,
        "role.ended",
        "person",
        grant.person_id,
        fields=[grant.role_code],
        unit_id=grant.unit_id,
    )
    if grant.registration_id is None:
        announce(RoleEnded(grant.person_id, grant.role_code, grant.unit_id))


def end_expired_grants(actor: Actor, limit: int) -> int:
    """Ends the grants that are past their date, of at most `limit` people; answers how many."""
    at = now()
    due = session.scalars(
        select(RoleGrant.person_id)
        .where(RoleGrant.ended_at.is_(None), RoleGrant.until <= at)
        .distinct()
        .order_by(RoleGrant.person_id)
        .limit(limit)
    )
    return one_by_one(due.all(), close_expired)


def close_expired(person_id: int) -> int:
    """Locks a person, ends those grants that are past their date, and announces each end.

    Answers how many grants ended.
    """
    queries.lock_person(person_id)
    past = select(RoleGrant).where(
        RoleGrant.person_id == person_id, RoleGrant.ended_at.is_(None), RoleGrant.until <= now()
    )
    grants = list(session.scalars(lock(past)))
    for grant in grants:
        grant.ended_at = grant.until
    session.flush()
    for grant in grants:
        announce(RoleEnded(grant.person_id, grant.role_code, grant.unit_id))
    return len(grants)


def may_give(actor: Actor, grant: RoleGrant) -> bool:
    """Whether the actor may give this grant, and so may end it."""
    return policy.may_grant(actor, permissions_of(grant.role_code), get_unit(grant.unit_id).path)


def _check_grant(actor: Actor, person_id: int, role: Role, unit: Unit) -> None:
    if actor.is_system:
        return
    if actor.person_id == person_id:
        raise Forbidden("role.own", "不能给自己任命岗位，请上级办理。")
    if not policy.may_grant(actor, role.permissions, unit.path):
        raise _denied(actor, person_id, role.code, unit.id)
    if role.code in BY_REGISTRATION:
        raise Forbidden("role.by_registration_only", "请本人报到，审核通过后自动获得。")


def _denied(actor: Actor, person_id: int, role_code: str, unit_id: int) -> Forbidden:
    row = AuditRow(
        **audit_values(
            actor, "role.denied", "person", person_id, fields=[role_code], unit_id=unit_id
        )
    )
    return Forbidden("role.may_not_grant", "您不能任免这个岗位。", refusal_rows=[row])


def _lock_grant(grant_id: int) -> RoleGrant:
    grant = session.scalar(lock(select(RoleGrant).where(RoleGrant.id == grant_id)))
    if grant is None:
        raise not_found()
    return grant


def _insert(grant: RoleGrant) -> None:
    try:
        with session.begin_nested():
            session.add(grant)
            session.flush()
    except IntegrityError as twice:
        raise Conflict("role.already_granted", "这个人在这里已有这个岗位。") from twice
