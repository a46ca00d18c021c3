"""What happens to messages when something happens to people."""

from app.notifications.queries import exported_inbox
from app.notifications.service import erase_messages_of
from app.people.events import ExportRequested, PersonErased


def on_person_erased(event: PersonErased) -> None:
    """What the person was told goes too."""
    erase_messages_of(event.person_id)


def on_export_requested(event: ExportRequested) -> None:
    """The inbox belongs to the copy of the own data."""
    event.parts["inbox"] = exported_inbox(event.person_id)
