"""A person's own profile: the answer to a log-in and to GET /me."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.identity.models import Account, LoginSession
from app.identity.queries.consents import needed_consents
from app.identity.states import Document
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.organisation.models import Place, Unit
from app.people import queries as people
from app.people.models import Person, Registration
from app.people.roles import ROLES
from app.people.states import OPEN_REGISTRATIONS, PersonKind

_ROLE_NAMES = {role.code: role.name for role in ROLES}


@dataclass(frozen=True, slots=True)
class UnitName:
    """A unit by id and name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role over a unit's subtree, with its Chinese name."""

    role: str
    name: str
    unit: UnitName


@dataclass(frozen=True, slots=True)
class OwnRegistration:
    """A registration that is pending or approved."""

    id: int
    kind: str
    status: str
    unit: UnitName


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile for the person: the own name in full, the phone masked.

    `consents_needed` are the documents that the person must still agree to.
    """

    id: int
    kind: PersonKind
    name: str
    phone: str | None
    username: str | None
    roles: tuple[HeldRole, ...]
    registrations: tuple[OwnRegistration, ...]
    home_place: Place | None
    home_unit: UnitName | None
    skills: list[str]
    away_until: datetime | None
    message_window: dict[str, Any]
    must_change_password: bool
    consents_needed: list[Document]
    version: int


def profile(person_id: int, login: LoginSession | None = None) -> Profile:
    """Returns the person's profile; raises NotFound `not_found`.

    `login` tells whether a new password must be set first (`must_change_password`).
    """
    person = people.get_person(person_id)
    grants = people.grants_of(person_id, now())
    registrations = [
        each for each in people.registrations_of(person_id) if each.status in OPEN_REGISTRATIONS
    ]
    units = _unit_names(
        [grant.unit_id for grant in grants]
        + [each.unit_id for each in registrations]
        + [person.home_unit_id or 0]
    )
    account = session.get(Account, person_id)
    return Profile(
        id=person.id,
        kind=person.kind,
        name=_own_name(person),
        phone=person.masked_phone,
        username=account.username if account else None,
        roles=tuple(
            HeldRole(grant.role, _ROLE_NAMES.get(grant.role, grant.role), units[grant.unit_id])
            for grant in grants
        ),
        registrations=tuple(_own(each, units) for each in registrations),
        home_place=session.get(Place, person.home_place_id) if person.home_place_id else None,
        home_unit=units.get(person.home_unit_id or 0),
        skills=person.skills,
        away_until=person.away_until if person.is_away(now()) else None,
        message_window=people.message_window_of(person),
        must_change_password=login.must_change_password if login else False,
        consents_needed=needed_consents(person_id),
        version=person.version,
    )


def own_profile(actor: Actor, session_id: int) -> Profile:
    """Returns the actor's profile for the log-in session of this request."""
    return profile(actor.own_id, session.get(LoginSession, session_id))


def _own_name(person: Person) -> str:
    return person.detail.opened("name") if person.detail else ""


def _own(registration: Registration, units: dict[int, UnitName]) -> OwnRegistration:
    return OwnRegistration(
        registration.id, registration.kind, registration.status, units[registration.unit_id]
    )


def _unit_names(unit_ids: Iterable[int]) -> dict[int, UnitName]:
    rows = session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(set(unit_ids))))
    return {unit_id: UnitName(unit_id, name) for unit_id, name in rows}
