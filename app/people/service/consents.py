"""Consents: each answer, yes or no, is a row of its own; a withdrawal removes what stands on it."""

from sqlalchemy import select

from app.kernel import limits
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Invalid
from app.kernel.events import announce
from app.people import queries
from app.people.documents import text_in_force
from app.people.events import ConsentWithdrawn, MembershipEnded
from app.people.models import Consent, Registration
from app.people.service.checks import lock_living
from app.people.service.departures import erase_person, hold_leaving
from app.people.service.persons import withdraw_green
from app.people.service.registrations import end_registration
from app.people.states import CONSENTS_AN_HOUR, Document, PersonKind


def record_consent(actor: Actor, document: Document, version: int, *, granted: bool) -> Consent:
    """Notes the actor's answer to a document and returns it.

    A yes is possible to the current version only, a no to any version up to it. A no removes at once
    what is kept by the consent: the registrations as a member, the points of orders, the reasons for
    the green channel. Who takes back the consent to `privacy` is erased; whoever never gave it is not.

    Raises TooMany `rate.exceeded` (20 an hour), Conflict `consent.outdated`, `person.erased`, Invalid
    `consent.version_unknown`, NotFound `not_found`, and for `privacy` what `erase_person` raises.
    """
    limits.hit(f"consent:{actor.own_id}", limit=CONSENTS_AN_HOUR, seconds=3600)
    current = text_in_force(document).version
    if not 1 <= version <= current:
        raise Invalid("consent.version_unknown", "没有这个版本的说明，请重新打开后再试。")
    if granted and version != current:
        raise Conflict("consent.outdated", "这份说明已经更新，请阅读新的说明后再同意。")
    # An erasure takes the detail before the row, so this verb does so as well.
    if document is Document.PRIVACY and not granted:
        hold_leaving(actor, actor.own_id)
    else:
        queries.hold_people([actor.own_id])
    lock_living(actor.own_id)
    earlier = queries.latest_consents(actor.own_id).get(document)
    consent = Consent(
        person_id=actor.own_id, document=document, version=version, granted=granted, at=now()
    )
    session.add(consent)
    session.flush()
    if not granted:
        _withdraw(actor, document, was_granted=earlier is not None and earlier.granted)
    return consent


def _withdraw(actor: Actor, document: Document, *, was_granted: bool) -> None:
    unit_ids: tuple[int, ...] = ()
    if document is Document.PARTY_MEMBERSHIP:
        unit_ids = _end_memberships(actor)
    elif document is Document.GREEN_CHANNEL:
        withdraw_green(actor)
    announce(ConsentWithdrawn(actor.own_id, document, unit_ids))
    if document is Document.PRIVACY and was_granted:
        erase_person(actor, actor.own_id)


def _end_memberships(actor: Actor) -> tuple[int, ...]:
    """Ends the actor's registrations as a member, empties all of them; returns the units of the ended."""
    person = queries.get_person(actor.own_id)
    as_member = select(Registration).where(
        Registration.person_id == person.id, Registration.as_volunteer.is_(False)
    )
    registrations = list(session.scalars(lock(as_member.order_by(Registration.id))))
    ended = [each for each in registrations if each.is_open]
    for registration in ended:
        end_registration(actor, registration.id)
    for registration in registrations:
        registration.forget()
    if ended and not queries.grants_of(person.id, now()):
        # What the person holds in other units goes back too.
        announce(MembershipEnded(person.id, None))
    if person.kind is PersonKind.MEMBER:
        person.kind = PersonKind.RESIDENT
    person.version += 1
    session.flush()
    return tuple(each.unit_id for each in ended)
