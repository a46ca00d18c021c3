"""What happens to log-ins when something happens to people."""

from app.identity import queries
from app.identity.service import forget_person, revoke_sessions
from app.identity.states import RevokedFor
from app.kernel.actor import Actor
from app.people.events import ExportRequested, PersonDeactivated, PersonErased

_ACTOR = Actor.system("identity")


def on_person_erased(event: PersonErased) -> None:
    """Every way to log in goes with the person; consents stay without one."""
    forget_person(_ACTOR, event.person_id)


def on_person_deactivated(event: PersonDeactivated) -> None:
    """Whoever may not act is logged out everywhere."""
    revoke_sessions(_ACTOR, event.person_id, RevokedFor.DEACTIVATED)


def on_export_requested(event: ExportRequested) -> None:
    """Consents, sessions and WeChat accounts belong to the copy of the own data."""
    event.parts["identity"] = queries.export_of(event.person_id)
