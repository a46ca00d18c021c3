"""Puts the people into the database, with their roles, registrations, log-ins and consents."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import update

from app.demo.ground import Ground
from app.demo.population import PersonPlan, RegistrationPlan, people
from app.identity import service as identity
from app.identity.models import Consent
from app.identity.states import CURRENT_VERSIONS, NEEDED_BY_ALL, Document
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.organisation.models import Unit
from app.people import service
from app.people.models import Person, PersonDetail, Registration, RoleGrant
from app.people.roles import MEMBER, VOLUNTEER
from app.people.states import (
    GreenReason,
    PersonKind,
    RegistrationKind,
    RegistrationStatus,
)
from app.wechat.sandbox import openid_for

AGE = timedelta(days=400)


def settle_people(actor: Actor, ground: Ground) -> dict[str, Person]:
    """Puts in all people of the demo; returns them by key."""
    service.seed_roles(actor)
    persons = {key: _person(actor, ground, plan) for key, plan in people().items()}
    session.execute(update(Person).values(created_at=now() - AGE))
    for key, plan in people().items():
        _office(ground, plan, persons[key])
        for registration in plan.registrations:
            _registration(ground, persons, plan, registration)
        _login(actor, plan, persons[key])
    session.flush()
    return persons


def _person(actor: Actor, ground: Ground, plan: PersonPlan) -> Person:
    home = plan.home
    person = service.create_person(
        actor,
        kind=PersonKind(plan.kind),
        name=plan.name,
        phone=plan.phone,
        address=f"{ground.units['district'].name}{home}" if home else None,
        home_place_id=ground.room(home).id if home else None,
        home_unit_id=None if home else _unit_of(ground, plan).id,
        skills=plan.skills,
    )
    person.vetted = plan.vetted
    if plan.wechat:
        session.get_one(PersonDetail, person.id).phone_verified_at = now() - AGE
    if plan.green:
        service.set_green(actor, person.id, [GreenReason(plan.green)], "本人当面同意。")
    return person


def _unit_of(ground: Ground, plan: PersonPlan) -> Unit:
    """The unit where a member of staff works."""
    if plan.grid is not None:
        return ground.units[f"grid:{plan.community}:{plan.grid}"]
    if plan.community is not None:
        return ground.units[f"community:{plan.community}"]
    if plan.street is not None:
        return ground.units[f"street:{plan.street}"]
    return ground.units["district"]


def _office_of(ground: Ground, plan: PersonPlan) -> Unit:
    """The unit of a person's role: the community, also for a grid worker; else the unit of work.

    A community handles all its orders, also those that lie in a grid.
    """
    if plan.community is not None:
        return ground.units[f"community:{plan.community}"]
    return _unit_of(ground, plan)


def _office(ground: Ground, plan: PersonPlan, person: Person) -> None:
    # The row is written directly: the verb would grant the role from now on, not for the past year.
    if plan.role is not None:
        session.add(
            RoleGrant(
                person_id=person.id,
                role_code=plan.role,
                unit_id=_office_of(ground, plan).id,
                since=now() - AGE,
            )
        )


def _registration(
    ground: Ground, persons: dict[str, Person], plan: PersonPlan, about: RegistrationPlan
) -> None:
    person, unit = persons[plan.key], ground.units[f"community:{about.community}"]
    status = RegistrationStatus(about.status)
    filed = now() - timedelta(days=about.days_ago, hours=3)
    decided = None if status is RegistrationStatus.PENDING else filed + timedelta(hours=2)
    leader = persons[f"leader:{about.community}"]
    ended = status is RegistrationStatus.ENDED
    registration = Registration(
        person_id=person.id,
        unit_id=unit.id,
        kind=RegistrationKind(about.kind),
        as_volunteer=plan.kind == PersonKind.VOLUNTEER,
        skills=list(plan.skills),
        availability=plan.availability,
        status=status,
        reason=about.reason,
        created_at=filed,
        decided_by=leader.id if decided else None,
        decided_at=decided,
        ended_by=leader.id if ended else None,
        ended_at=now() - timedelta(days=3) if ended else None,
    )
    session.add(registration)
    session.flush()
    registration.put_employer(plan.employer)
    if status is RegistrationStatus.APPROVED and decided is not None:
        _membership(plan, registration, decided, leader.id)


def _membership(plan: PersonPlan, registration: Registration, at: datetime, by: int) -> None:
    session.add(
        RoleGrant(
            person_id=registration.person_id,
            role_code=VOLUNTEER if plan.kind == PersonKind.VOLUNTEER else MEMBER,
            unit_id=registration.unit_id,
            since=at,
            registration_id=registration.id,
            granted_by=by,
        )
    )


def _login(actor: Actor, plan: PersonPlan, person: Person) -> None:
    if plan.login is not None:
        password = current_app.config["DEMO_PASSWORD"]
        identity.create_account(actor, person.id, plan.login, password, must_change=False)
    if plan.wechat is not None:
        identity.attach_wechat(actor, person.id, openid_for(plan.wechat))
    # All people who log in have given the needed consents; members also that to being a member.
    documents = (*NEEDED_BY_ALL, *((Document.PARTY_MEMBERSHIP,) if plan.registrations else ()))
    session.add_all(
        Consent(
            person_id=person.id,
            document=document,
            version=CURRENT_VERSIONS[document],
            granted=True,
            at=now() - AGE,
        )
        for document in documents
        if plan.wechat or plan.login
    )
