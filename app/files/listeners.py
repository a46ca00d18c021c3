"""What the room does when a person is erased or asks for a copy of his or her data."""

from app.files.queries import exported_files
from app.files.service import erase_files_of
from app.people.events import ExportRequested, PersonErased


def on_person_erased(event: PersonErased) -> None:
    """Deletes all files that the erased person has uploaded."""
    erase_files_of(event.person_id)


def on_export_requested(event: ExportRequested) -> None:
    """Adds a list of the person's files, without their content, to the copy of the person's data."""
    event.parts["files"] = exported_files(event.person_id)
