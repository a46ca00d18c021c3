"""Deactivates people, and erases everything that identifies a person."""

from sqlalchemy import select

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Forbidden
from app.kernel.events import announce
from app.people import policy, queries
from app.people.events import (
    MembershipEnded,
    PersonDeactivated,
    PersonErased,
    PersonLeaving,
)
from app.people.models import Person, PersonDetail, PersonLimit, Registration, RoleGrant
from app.people.service.checks import lock_living
from app.people.service.registrations import finish_registration
from app.people.service.roles import close_expired, finish_grant, may_give
from app.people.states import OPEN_REGISTRATIONS, PersonStatus, RegistrationStatus


def deactivate_person(actor: Actor, person_id: int, reason: str) -> Person:
    """Ends all roles and registrations of the person, who cannot act until activated again.

    Returns the person. Raises NotFound `not_found`; Conflict `person.erased`, `person.inactive`;
    Forbidden `person.may_not_remove`.
    """
    queries.get_visible_person(actor, person_id)
    person = lock_living(person_id)
    _check_removal(actor, person_id, own=False)
    if not person.is_active:
        raise Conflict("person.inactive", "这位人员已经停用。")
    person.status = PersonStatus.INACTIVE
    person.version += 1
    _end_everything(actor, person_id, reason)
    audit.record(
        actor,
        "person.deactivated",
        "person",
        person_id,
        reason=reason,
        unit_id=person.home_unit_id,
    )
    announce(PersonDeactivated(person_id))
    return person


def activate_person(actor: Actor, person_id: int) -> Person:
    """Lets a deactivated person act again and returns the person; roles must be given anew.

    Raises NotFound `not_found`; Conflict `person.erased`, `person.active`; Forbidden
    `person.may_not_remove`.
    """
    queries.get_visible_person(actor, person_id)
    person = lock_living(person_id)
    _check_removal(actor, person_id, own=False)
    if person.is_active:
        raise Conflict("person.active", "这位人员没有停用。")
    person.status = PersonStatus.ACTIVE
    person.version += 1
    session.flush()
    audit.record(actor, "person.activated", "person", person_id, unit_id=person.home_unit_id)
    return person


def erase_person(actor: Actor, person_id: int, *, forced: bool = False, reason: str = "") -> Person:
    """Deletes all that identifies the person and returns the row, which stays as 已注销.

    A person may erase himself or herself. While the person holds orders, listeners refuse (Conflict
    `person.holds_orders`); staff may force it, and then the orders are given back.

    Raises NotFound `not_found`; Conflict `person.erased`; Forbidden `person.may_not_remove`,
    `person.may_not_force`.
    """
    queries.get_visible_person(actor, person_id)
    person = lock_living(person_id)
    _check_removal(actor, person_id, own=True)
    if forced and actor.person_id == person_id:
        raise Forbidden("person.may_not_force", "手上还有单子时，请先退回或请社区办理。")
    unit_id = person.home_unit_id
    announce(PersonLeaving(person_id, forced))
    _end_everything(actor, person_id, "")
    _forget(person)
    audit.record(actor, "person.erased", "person", person_id, reason=reason, unit_id=unit_id)
    announce(PersonErased(person_id))
    return person


def _check_removal(actor: Actor, person_id: int, *, own: bool) -> None:
    """Raises Forbidden unless the actor may remove the person; with `own` also the person may.

    The actor needs `people.remove` at all units of the person, and could give each of the person's
    roles.
    """
    if own and actor.person_id == person_id:
        return
    allowed = policy.may_remove_person(actor, person_id, queries.unit_paths_of(person_id))
    if not allowed or not all(may_give(actor, grant) for grant in _grants_by_hand(person_id)):
        raise Forbidden("person.may_not_remove", "您不能停用或注销这位人员，请上级办理。")


def _grants_by_hand(person_id: int) -> list[RoleGrant]:
    statement = select(RoleGrant).where(
        RoleGrant.person_id == person_id,
        RoleGrant.ended_at.is_(None),
        RoleGrant.registration_id.is_(None),
    )
    return list(session.scalars(lock(statement)))


def _end_everything(actor: Actor, person_id: int, reason: str) -> None:
    close_expired(person_id)
    open_ones = select(Registration).where(
        Registration.person_id == person_id, Registration.status.in_(OPEN_REGISTRATIONS)
    )
    registrations = list(session.scalars(lock(open_ones)))
    was_member = any(r.status is RegistrationStatus.APPROVED for r in registrations)
    for registration in registrations:
        finish_registration(actor, registration, reason)
    if was_member:
        announce(MembershipEnded(person_id, None))
    for grant in _grants_by_hand(person_id):
        finish_grant(actor, grant)


def _forget(person: Person) -> None:
    detail = session.get(PersonDetail, person.id, populate_existing=True)
    if detail is not None:
        session.delete(detail)
    mine = select(Registration).where(Registration.person_id == person.id)
    for registration in session.scalars(mine):
        registration.forget()
    for limit in session.scalars(select(PersonLimit).where(PersonLimit.person_id == person.id)):
        limit.forget()
    person.forget()
    session.flush()
    session.expire(person, ["detail", "home_unit"])
