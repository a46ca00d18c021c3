"""Listeners to events of people."""

from app.identity import queries
from app.identity.service import forget_person, revoke_sessions
from app.identity.states import RevokedFor
from app.kernel.actor import Actor
from app.people.events import ExportRequested, PersonDeactivated, PersonErased

_ACTOR = Actor.system("identity")


def on_person_erased(event: PersonErased) -> None:
    """Deletes every way to log in as the person; consents stay, with the anonymous row."""
    forget_person(_ACTOR, event.person_id)


def on_person_deactivated(event: PersonDeactivated) -> None:
    """Ends all sessions of the person."""
    revoke_sessions(_ACTOR, event.person_id, RevokedFor.DEACTIVATED)


def on_export_requested(event: ExportRequested) -> None:
    """Adds consents, sessions and WeChat accounts to the person's copy of the own data."""
    event.parts["identity"] = queries.export_of(event.person_id)
