"""What people are told when something happens below, and what becomes of messages with people."""

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
    """What the person was told goes too."""
    erase_messages_of(event.person_id)


def on_export_requested(event: ExportRequested) -> None:
    """The inbox belongs to the copy of the own data."""
    event.parts["inbox"] = exported_inbox(event.person_id)


def on_registration_decided(event: RegistrationDecided) -> None:
    """The member hears whether he or she may claim."""
    moment = "registration.approved" if event.approved else "registration.declined"
    _tell_of_registration(event, moment)


def on_registration_ended(event: RegistrationEnded) -> None:
    """Who ended it needs no message about it."""
    if event.by_staff:
        _tell_of_registration(event, "registration.ended")


def on_role_granted(event: RoleGranted) -> None:
    """A new post."""
    _tell_of_role(event, "role.granted")


def on_role_ended(event: RoleEnded) -> None:
    """A post that is over."""
    _tell_of_role(event, "role.ended")


def on_person_limited(event: PersonLimited) -> None:
    """By phone and at the desk only, and how to appeal."""
    notify(
        [event.person_id],
        "person.limited",
        subject=("person_limit", event.limit_id),
        params={"days": event.days},
    )


def on_limit_decided(event: LimitDecided) -> None:
    """Lifted, or upheld on appeal."""
    moment = "person.limit_lifted" if event.lifted else "person.limit_upheld"
    notify([event.person_id], moment, subject=("person_limit", event.limit_id), params={})


def on_offers_unblocked(event: OffersUnblocked) -> None:
    """Direct offers come again."""
    subject = ("person", event.person_id)
    notify([event.person_id], "person.offers_unblocked", subject=subject, params={})


def on_session_stolen(event: SessionStolen) -> None:
    """Somebody else may have the token."""
    subject = ("session", event.session_id)
    notify([event.person_id], "identity.session_stolen", subject=subject, params={}, urgent=True)


def on_password_given(event: PasswordGiven) -> None:
    """Whoever did not ask for it must hear of it."""
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
