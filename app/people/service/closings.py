"""Moves people out of closed units, batch by batch."""

from functools import partial

from sqlalchemy import func, or_, select

from app.kernel.actor import Actor
from app.kernel.database import lock, session
from app.kernel.events import announce
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people import queries
from app.people.events import MembershipEnded
from app.people.models import Person, Registration, RoleGrant
from app.people.service.batches import one_by_one
from app.people.service.registrations import finish_registration
from app.people.service.roles import close_expired, finish_grant
from app.people.states import OPEN_REGISTRATIONS, RegistrationStatus

REASON = "社区已撤并。"


def leave_closed_units(actor: Actor, limit: int) -> int:
    """Moves at most `limit` people out of closed units; returns how many, 0 when no more can be moved.

    Homes, registrations and roles go to the successor of the unit. Without a successor, homes go to
    the unit above, and registrations and roles end. They also end where the person has the same one
    at the successor already. People for whom it failed are logged and not counted.
    """
    closed = select(Unit.id).where(
        Unit.closed_at.is_not(None),
        func.coalesce(Unit.successor_unit_id, Unit.parent_id).is_not(None),
    )
    registered = select(Registration.person_id).where(
        Registration.unit_id.in_(closed), Registration.status.in_(OPEN_REGISTRATIONS)
    )
    held = select(RoleGrant.person_id).where(
        RoleGrant.unit_id.in_(closed), RoleGrant.ended_at.is_(None)
    )
    left = or_(Person.home_unit_id.in_(closed), Person.id.in_(registered), Person.id.in_(held))
    found = session.scalars(select(Person.id).where(left).order_by(Person.id).limit(limit)).all()
    return one_by_one(found, partial(_move, actor))


def _move(actor: Actor, person_id: int) -> int:
    close_expired(person_id)
    person = queries.lock_person(person_id)
    home = get_unit(person.home_unit_id) if person.home_unit_id is not None else None
    if home is not None and not home.is_open:
        person.home_unit_id = home.successor_unit_id or home.parent_id
        person.version += 1
    mine = select(Registration).where(
        Registration.person_id == person_id, Registration.status.in_(OPEN_REGISTRATIONS)
    )
    registrations = list(session.scalars(lock(mine)))
    for registration in registrations:
        _move_registration(actor, registration, registrations)
    roles = select(RoleGrant).where(
        RoleGrant.person_id == person_id,
        RoleGrant.ended_at.is_(None),
        RoleGrant.registration_id.is_(None),
    )
    grants = list(session.scalars(lock(roles)))
    for grant in grants:
        _move_grant(actor, grant, grants)
    session.flush()
    return 1


def _move_registration(
    actor: Actor, registration: Registration, others: list[Registration]
) -> None:
    unit = get_unit(registration.unit_id)
    if unit.is_open:
        return
    successor = unit.successor_unit_id
    taken = any(
        r.is_open and r.unit_id == successor and r.kind is registration.kind for r in others
    )
    if successor is None or taken:
        was_member = registration.status is RegistrationStatus.APPROVED
        finish_registration(actor, registration, REASON)
        if was_member:
            announce(MembershipEnded(registration.person_id, unit.path))
        return
    registration.unit_id = successor
    of_it = select(RoleGrant).where(
        RoleGrant.registration_id == registration.id, RoleGrant.ended_at.is_(None)
    )
    for grant in session.scalars(lock(of_it)):
        grant.unit_id = successor


def _move_grant(actor: Actor, grant: RoleGrant, others: list[RoleGrant]) -> None:
    unit = get_unit(grant.unit_id)
    if unit.is_open:
        return
    successor = unit.successor_unit_id
    taken = any(
        g.ended_at is None and g.unit_id == successor and g.role_code == grant.role_code
        for g in others
    )
    if successor is None or taken:
        finish_grant(actor, grant)
    else:
        grant.unit_id = successor
