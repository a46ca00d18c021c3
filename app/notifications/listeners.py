"""Listeners to events of lower rooms: people are told of them, and erased people's messages deleted."""

from app.identity.events import PasswordGiven, SessionStolen
from app.notifications.queries import exported_inbox
from app.notifications.service import erase_messages_of, notify
from app.organisation.queries import get_unit
from app.people.events import (
    ExportRequested,
    LimitDecided,
    OffersUnblocked,
    PersonErased,
    PersonLimited,
    RegistrationDecided,
    RegistrationEnded,
    RoleEnded,
    RoleGranted,
)
from app.people.roles import ROLES

_ROLE_NAMES = {role.code: role.name for role in ROLES}


def on_person_erased(event: PersonErased) -> None:
    """Deletes all messages to the person."""
    erase_messages_of(event.person_id)


def on_export_requested(event: ExportRequested) -> None:
    """Adds the inbox to the person's copy of the own data."""
    event.parts["inbox"] = exported_inbox(event.person_id)


def on_registration_decided(event: RegistrationDecided) -> None:
    """Tells the person whether the registration was approved or declined."""
    moment = "registration.approved" if event.approved else "registration.declined"
    _tell_of_registration(event, moment)


def on_registration_ended(event: RegistrationEnded) -> None:
    """Tells the person that staff ended the registration; no message where the person ended it."""
    if event.by_staff:
        _tell_of_registration(event, "registration.ended")


def on_role_granted(event: RoleGranted) -> None:
    """Tells the person about the new role."""
    _tell_of_role(event, "role.granted")


def on_role_ended(event: RoleEnded) -> None:
    """Tells the person that a role has ended."""
    _tell_of_role(event, "role.ended")


def on_person_limited(event: PersonLimited) -> None:
    """Tells the person about the limit to phone and desk and about the appeal."""
    notify(
        [event.person_id],
        "person.limited",
        subject=("person_limit", event.limit_id),
        params={"days": event.days},
    )


def on_limit_decided(event: LimitDecided) -> None:
    """Tells the person that the limit was lifted, or upheld after an appeal."""
    moment = "person.limit_lifted" if event.lifted else "person.limit_upheld"
    notify([event.person_id], moment, subject=("person_limit", event.limit_id), params={})


def on_offers_unblocked(event: OffersUnblocked) -> None:
    """Tells the member that direct offers come again."""
    subject = ("person", event.person_id)
    notify([event.person_id], "person.offers_unblocked", subject=subject, params={})


def on_session_stolen(event: SessionStolen) -> None:
    """Tells the person urgently that the session was ended because its token was used twice."""
    subject = ("session", event.session_id)
    notify([event.person_id], "identity.session_stolen", subject=subject, params={}, urgent=True)


def on_password_given(event: PasswordGiven) -> None:
    """Tells the person urgently about the new one-time password.

    The person may not have asked for it.
    """
    subject = ("person", event.person_id)
    notify([event.person_id], "identity.password_given", subject=subject, params={}, urgent=True)


def _tell_of_registration(event: RegistrationDecided | RegistrationEnded, moment: str) -> None:
    notify(
        [event.person_id],
        moment,
        subject=("registration", event.registration_id),
        params={"unit": get_unit(event.unit_id).name},
    )


def _tell_of_role(event: RoleGranted | RoleEnded, moment: str) -> None:
    notify(
        [event.person_id],
        moment,
        subject=("unit", event.unit_id),
        params={"unit": get_unit(event.unit_id).name, "role": _ROLE_NAMES[event.role_code]},
    )
