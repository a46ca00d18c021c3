"""Reads of registrations (报到)."""

from collections.abc import Sequence

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import selectinload

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people.models import Person, Registration
from app.people.queries.scope import below
from app.people.states import RegistrationStatus


def registrations_visible_to(actor: Actor) -> Select[Registration]:
    """Returns a statement for the actor's own registrations and those of the actor's units.

    These are the units in the subtrees where the actor has `registrations.approve`.
    """
    statement = select(Registration).options(
        selectinload(Registration.person).selectinload(Person.detail),
        selectinload(Registration.unit),
    )
    if actor.is_system:
        return statement
    return statement.where(
        or_(
            Registration.person_id == actor.person_id,
            below(Registration.unit_id, actor.paths("registrations.approve")),
        )
    )


def get_visible_registration(actor: Actor, registration_id: int) -> Registration:
    """Returns the registration where the actor may see it; else raises NotFound `not_found`."""
    statement = registrations_visible_to(actor).where(Registration.id == registration_id)
    registration = session.scalar(statement)
    if registration is None:
        raise not_found()
    return registration


def page_of_registrations(
    actor: Actor,
    *,
    unit_id: int | None = None,
    status: Sequence[RegistrationStatus] = (),
    cursor: str | None,
    limit: int,
) -> Page[Registration]:
    """Returns a page of registrations that the actor may see, newest first.

    `unit_id` keeps those at the unit or below it, `status` those in one of the states. Raises
    NotFound `not_found` for an unknown unit, Invalid `cursor.invalid`.
    """
    statement = registrations_visible_to(actor)
    if unit_id is not None:
        statement = statement.where(below(Registration.unit_id, (get_unit(unit_id).path,)))
    if status:
        statement = statement.where(Registration.status.in_(status))
    return paginate(statement, [Key(Registration.id, desc=True)], cursor=cursor, limit=limit)


def registrations_of(person_id: int) -> list[Registration]:
    """Returns all registrations of a person, oldest first."""
    statement = select(Registration).where(Registration.person_id == person_id)
    return list(session.scalars(statement.order_by(Registration.id)))


def approved_registrations(person_ids: Sequence[int]) -> list[Registration]:
    """Returns the approved registrations of these people, oldest first."""
    statement = select(Registration).where(
        Registration.person_id.in_(person_ids), Registration.status == RegistrationStatus.APPROVED
    )
    return list(session.scalars(statement.order_by(Registration.id)))


def approved_unit_paths(person_id: int) -> list[str]:
    """Returns the sorted paths of the units at which the person has an approved registration."""
    statement = (
        select(Unit.path)
        .join(Registration, Registration.unit_id == Unit.id)
        .where(
            Registration.person_id == person_id,
            Registration.status == RegistrationStatus.APPROVED,
        )
        .distinct()
    )
    return sorted(session.scalars(statement))
