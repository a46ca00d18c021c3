"""Registrations (报到): filing them, and the decision of the unit's staff."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.events import announce
from app.organisation.models import Unit
from app.organisation.states import UnitKind
from app.people import policy, queries
from app.people.events import (
    MembershipEnded,
    RegistrationDecided,
    RegistrationEnded,
    RegistrationFiled,
)
from app.people.hours import free_hours
from app.people.models import Person, Registration, RoleGrant
from app.people.roles import MEMBER, VOLUNTEER
from app.people.service.checks import checked_skills, known_unit, lock_active
from app.people.states import (
    MAX_OPEN_REGISTRATIONS,
    OPEN_REGISTRATIONS,
    PersonKind,
    RegistrationAction,
    RegistrationKind,
    RegistrationStatus,
)

REPORTED_TO = (UnitKind.STREET, UnitKind.COMMUNITY, UnitKind.GRID)


def report_to_unit(
    actor: Actor,
    *,
    unit_id: int,
    kind: RegistrationKind,
    skills: Sequence[str] = (),
    employer: str | None = None,
    availability: Mapping[str, Any] | None = None,
    as_volunteer: bool = False,
    person_id: int | None = None,
) -> Registration:
    """Files a registration at a unit and returns it; it waits for the unit's staff.

    Staff may enter the form of another person (`person_id`). `employer` is kept encrypted,
    `availability` are free hours by weekday (see `hours.free_hours`).

    Raises NotFound `not_found`; Forbidden `registration.may_not_file`; Conflict `person.erased`,
    `person.inactive`, `unit.closed`, `registration.too_many` (more than three open ones),
    `registration.already_open` (one of this kind at this unit); Invalid `unit.unknown`,
    `registration.unit_kind`, `skill.unknown`, `availability.invalid`.
    """
    subject = actor.own_id if person_id is None else person_id
    unit = known_unit(unit_id)
    if subject != actor.person_id:
        queries.get_visible_person(actor, subject)
        if not policy.may_register_other(actor, unit.path):
            raise Forbidden("registration.may_not_file", "您不能替这个人报到。")
    person = lock_active(subject)
    _check_unit(unit)
    _check_count(subject)
    registration = Registration(
        person_id=subject,
        unit_id=unit.id,
        kind=kind,
        as_volunteer=_is_volunteer(person, as_volunteer),
        skills=checked_skills(skills),
        availability=free_hours(availability or {}),
        created_at=now(),
    )
    _insert(registration)
    registration.put_employer(employer)
    session.flush()
    announce(RegistrationFiled(registration.id, subject, unit.id))
    return registration


def approve_registration(actor: Actor, registration_id: int) -> Registration:
    """Approves a registration and returns it: the person gets the role of a member or volunteer.

    A resident becomes a member or volunteer by kind as well, and the skills are added to the
    person's. Raises NotFound `not_found`; Forbidden `registration.may_not_decide`; Conflict
    `registration.already_decided`, `person.erased`, `person.inactive`, `unit.closed`.
    """
    registration, unit = _lock_to_decide(actor, registration_id)
    person = lock_active(registration.person_id)
    _check_unit(unit)
    at = now()
    registration.decide(RegistrationAction.APPROVE, actor.person_id, at, "")
    if person.kind is PersonKind.RESIDENT:
        volunteer = registration.as_volunteer
        person.kind = PersonKind.VOLUNTEER if volunteer else PersonKind.MEMBER
    person.skills = checked_skills([*person.skills, *registration.skills])
    person.version += 1
    session.add(
        RoleGrant(
            person_id=person.id,
            role_code=VOLUNTEER if registration.as_volunteer else MEMBER,
            unit_id=unit.id,
            since=at,
            registration_id=registration.id,
            granted_by=actor.person_id,
        )
    )
    _announce_decision(actor, registration, approved=True)
    return registration


def decline_registration(actor: Actor, registration_id: int, reason: str) -> Registration:
    """Declines a registration with a reason that the person reads, and returns it.

    Raises NotFound `not_found`, Forbidden `registration.may_not_decide`, Conflict
    `registration.already_decided`.
    """
    registration, _ = _lock_to_decide(actor, registration_id)
    registration.decide(RegistrationAction.DECLINE, actor.person_id, now(), reason)
    _announce_decision(actor, registration, approved=False)
    return registration


def end_registration(actor: Actor, registration_id: int, reason: str = "") -> Registration:
    """Ends an approved registration, or withdraws a pending one, and returns it.

    Its role ends too. MembershipEnded is announced unless another approved registration covers the
    unit. Staff must give a reason. Raises NotFound `not_found`, Forbidden
    `registration.may_not_end`, Conflict `registration.already_ended`, Invalid `reason.needed`.
    """
    registration, unit = _lock_seen(actor, registration_id)
    if not policy.may_end_registration(actor, registration.person_id, unit.path):
        raise Forbidden("registration.may_not_end", "您不能结束这份报到。")
    if registration.person_id != actor.person_id and registration.is_open and not reason:
        raise Invalid("reason.needed", "请写明结束的原因。")
    was_member = registration.status is RegistrationStatus.APPROVED
    finish_registration(actor, registration, reason)
    if was_member and not _is_covered(registration.person_id, unit.path):
        announce(MembershipEnded(registration.person_id, unit.path))
    return registration


def finish_registration(actor: Actor, registration: Registration, reason: str) -> None:
    """Ends a locked registration and its role, and announces RegistrationEnded.

    MembershipEnded is announced by the caller, who knows whether another registration covers the
    unit.
    """
    at = now()
    registration.end(actor.person_id, at, reason)
    grants = select(RoleGrant).where(
        RoleGrant.registration_id == registration.id, RoleGrant.ended_at.is_(None)
    )
    for grant in session.scalars(lock(grants)):
        grant.end(actor.person_id, at)
    session.flush()
    audit.record(
        actor, "registration.ended", "registration", registration.id, unit_id=registration.unit_id
    )
    by_staff = registration.person_id != actor.person_id
    announce(
        RegistrationEnded(registration.id, registration.person_id, registration.unit_id, by_staff)
    )


def _is_volunteer(person: Person, wished: bool) -> bool:
    return person.kind is PersonKind.VOLUNTEER or (wished and person.kind is PersonKind.RESIDENT)


def _check_unit(unit: Unit) -> None:
    if unit.kind not in REPORTED_TO:
        raise Invalid("registration.unit_kind", "请到社区、网格或街道报到。")
    unit.check_open()


def _check_count(person_id: int) -> None:
    # Counted under the person's lock, so that of two requests at once only one files the third.
    open_ones = session.scalar(
        select(func.count())
        .select_from(Registration)
        .where(Registration.person_id == person_id, Registration.status.in_(OPEN_REGISTRATIONS))
    )
    if (open_ones or 0) >= MAX_OPEN_REGISTRATIONS:
        raise Conflict("registration.too_many", "最多同时报到三处，请先结束一处。")


def _insert(registration: Registration) -> None:
    try:
        with session.begin_nested():
            session.add(registration)
            session.flush()
    except IntegrityError as twice:
        raise Conflict(
            "registration.already_open", "您在这里已经报到过了，不用重复报到。"
        ) from twice


def _lock_seen(actor: Actor, registration_id: int) -> tuple[Registration, Unit]:
    seen = queries.get_visible_registration(actor, registration_id)
    queries.lock_person(seen.person_id)
    registration = session.scalar(
        lock(select(Registration).where(Registration.id == registration_id))
    )
    return registration or seen, known_unit(seen.unit_id)


def _lock_to_decide(actor: Actor, registration_id: int) -> tuple[Registration, Unit]:
    registration, unit = _lock_seen(actor, registration_id)
    if not policy.may_decide_registration(actor, registration.person_id, unit.path):
        raise Forbidden("registration.may_not_decide", "这份报到不由您审核。")
    return registration, unit


def _announce_decision(actor: Actor, registration: Registration, *, approved: bool) -> None:
    session.flush()
    action = "registration.approved" if approved else "registration.declined"
    audit.record(actor, action, "registration", registration.id, unit_id=registration.unit_id)
    announce(
        RegistrationDecided(registration.id, registration.person_id, registration.unit_id, approved)
    )


def _is_covered(person_id: int, unit_path: str) -> bool:
    return any(unit_path.startswith(path) for path in queries.approved_unit_paths(person_id))
