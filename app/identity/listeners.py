"""Listeners to events of people."""

from app.identity import queries
from app.identity.service import forget_person, keep_last, revoke_sessions
from app.identity.states import RevokedFor
from app.kernel.actor import Actor
from app.people.events import ExportRequested, PersonDeactivated, PersonErased, PostsEnding

_ACTOR = Actor.system("identity")


def on_person_erased(event: PersonErased) -> None:
    """Deletes every way to log in as the person."""
    forget_person(_ACTOR, event.person_id)


def on_person_deactivated(event: PersonDeactivated) -> None:
    """Ends all sessions of the person."""
    revoke_sessions(_ACTOR, event.person_id, RevokedFor.DEACTIVATED)


def on_posts_ending(event: PostsEnding) -> None:
    """Refuses where nobody else could administer the district afterwards."""
    keep_last(_ACTOR, event.person_id, event.posts)


def on_export_requested(event: ExportRequested) -> None:
    """Adds user name, sessions and WeChat accounts to the person's copy of the own data."""
    event.parts["identity"] = queries.export_of(event.person_id)
