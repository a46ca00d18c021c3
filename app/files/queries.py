"""Reads of files: an actor's own files, links to files, and the content that a link opens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.files.models import File, FileRemoval
from app.files.signed import address, read_ticket
from app.files.states import ContentState, FileKind, Variant
from app.files.storage import storage, stored_name
from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.kernel.database.fast.rows import known
from app.kernel.errors import not_found
from app.kernel.given_up import Kind

GIVEN_UP = Kind(
    "removal",
    "多次没有删掉、已停下的文件（个）",
    FileRemoval,
    lambda row: {"created_at": to_local(row.created_at).isoformat()},
)
_ENDINGS = {
    "image/jpeg": "jpg",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file as the API shows it, with addresses that are valid for 5 to 10 minutes.

    The addresses have no host. Pictures have a width and a height in pixels, and a thumbnail;
    voice notes have a length in seconds.
    """

    id: int
    url: str
    thumbnail_url: str | None
    content_type: str
    width: int | None
    height: int | None
    seconds: int | None
    kind: FileKind
    content_state: ContentState


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """The content that a signed address opens, and how to send it.

    `etag` stays the same while the content does. A browser may keep a copy for `seconds_left`
    seconds. A document is sent to be saved, and no copy of it may be kept on the way.
    """

    is_document: bool
    content: bytes
    content_type: str
    download_name: str
    etag: str
    seconds_left: int


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of the limits on uploads a person has used."""

    bytes_today: int
    loose_files: int


def files_visible_to(actor: Actor) -> Select[File]:
    """A select of the files that the actor has uploaded; of all files for the program.

    The files of an order are not read here: whoever may show the order calls `links`.
    """
    statement = select(File)
    return statement if actor.is_system else statement.where(File.uploader_id == actor.person_id)


def get_visible_file(actor: Actor, file_id: int) -> File:
    """A file that the actor has uploaded; raises NotFound for any other id."""
    file = session.scalar(files_visible_to(actor).where(File.id == file_id))
    if file is None:
        raise not_found()
    return file


def get_visible_link(actor: Actor, file_id: int) -> FileLink:
    """The link to a file that the actor has uploaded; raises NotFound for any other id."""
    return link_to(get_visible_file(actor, file_id))


def link_to(file: File) -> FileLink:
    """The link to a file. The caller has made sure that the reader may see the file."""
    return _link(file, now())


def links(file_ids: Iterable[int], *, only_passed: bool = False) -> dict[int, FileLink]:
    """Links to files by file id, in the order of `file_ids`; deleted files are left out.

    `only_passed` also leaves out files that have not passed the content check. The caller has made
    sure that the reader may see the files.
    """
    wanted = list(file_ids)
    if not wanted:
        return {}
    moment = now()
    found = {
        file_id: file
        for file_id, file in known(File, wanted).items()
        if file.content_state is ContentState.PASSED or not only_passed
    }
    return {file_id: _link(found[file_id], moment) for file_id in wanted if file_id in found}


def attached_ids(kind: str, subject_ids: Sequence[int]) -> dict[int, list[int]]:
    """The ids of the files of each subject of a kind, by subject id, in the order of the files.

    A subject without files has an empty list.
    """
    found: dict[int, list[int]] = {subject_id: [] for subject_id in subject_ids}
    statement = select(File.subject_id, File.id).where(
        File.subject_kind == kind, File.subject_id.in_(subject_ids)
    )
    for subject_id, file_id in session.execute(statement.order_by(File.position, File.id)):
        found[int(subject_id or 0)].append(file_id)
    return found


def next_position(subject: tuple[str, int]) -> int:
    """The position for the next file of a subject (kind, id); 0 where it has none."""
    kind, subject_id = subject
    last = select(func.max(File.position)).where(
        File.subject_kind == kind, File.subject_id == subject_id
    )
    found = session.scalar(last)
    return 0 if found is None else found + 1


def open_signed(signed: str) -> OpenedFile:
    """The content that a signed address opens.

    Raises NotFound where the address is forged or expired, and where the file is deleted.
    """
    moment = now()
    ticket = read_ticket(signed, moment)
    file = session.scalar(select(File).where(File.name == ticket.name))
    stored = stored_name(ticket.name, ticket.variant)
    content = None if file is None else storage().read(stored)
    if file is None or content is None:
        raise not_found()
    return OpenedFile(
        is_document=file.kind is FileKind.DOCUMENT,
        content=content,
        content_type=file.content_type,
        download_name=f"{file.title or file.kind}.{_ENDINGS[file.content_type]}",
        etag=stored,
        seconds_left=int((ticket.expires_at - moment).total_seconds()),
    )


def usage_of(person_id: int, since: datetime) -> Usage:
    """The bytes that a person has uploaded since a moment, and the number of his or her loose files.

    Deleted files and documents count for no bytes.
    """
    own = File.uploader_id == person_id
    size = select(func.coalesce(func.sum(File.size), 0)).where(
        own, File.created_at >= since, File.kind != FileKind.DOCUMENT
    )
    loose = select(func.count()).select_from(File).where(own, File.loose_since.is_not(None))
    return Usage(int(session.scalar(size) or 0), int(session.scalar(loose) or 0))


def exported_files(person_id: int) -> list[dict[str, Any]]:
    """A description of each file of a person, without its content, for the copy of the person's data."""
    statement = select(File).where(File.uploader_id == person_id).order_by(File.id)
    return [
        {
            "id": file.id,
            "kind": file.kind.value,
            "content_type": file.content_type,
            "width": file.width,
            "height": file.height,
            "seconds": file.seconds,
            "created_at": to_local(file.created_at).isoformat(),
        }
        for file in session.scalars(statement)
    ]


def _link(file: File, moment: datetime) -> FileLink:
    is_picture = file.kind is FileKind.PICTURE
    return FileLink(
        id=file.id,
        url=address(file.name, Variant.FULL, moment),
        thumbnail_url=address(file.name, Variant.SMALL, moment) if is_picture else None,
        content_type=file.content_type,
        width=file.width,
        height=file.height,
        seconds=file.seconds,
        kind=file.kind,
        content_state=file.content_state,
    )
