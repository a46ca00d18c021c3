"""What happens to files when something happens to people."""

from app.files.queries import exported_files
from app.files.service import erase_files_of
from app.people.events import ExportRequested, PersonErased


def on_person_erased(event: PersonErased) -> None:
    """What the person has sent goes too."""
    erase_files_of(event.person_id)


def on_export_requested(event: ExportRequested) -> None:
    """The own files belong to the copy of the own data."""
    event.parts["files"] = exported_files(event.person_id)
