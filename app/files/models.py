"""The tables of the room: files, and deleted files whose bytes are still stored."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.files.states import ContentState, FileKind
from app.kernel.database import Id, Model, Ref
from app.kernel.queue import Queued

# A text and no expression: only so do both databases see that the partial index fits the query.
LOOSE = text("loose_since IS NOT NULL")


class File(Model):
    """A picture, voice note or document; its bytes lie in the storage under `name`, which is random.

    A file belongs to one subject (a kind such as "order", and an id), or it is loose: `loose_since`
    is then the time of its upload or of its release. `size` counts the bytes of all stored forms,
    `width` and `height` are pixels of a picture, `seconds` is the length of a voice note. The
    browser saves a document under its `title`.
    """

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint(
            "(subject_kind IS NULL) = (loose_since IS NOT NULL)"
            " AND (subject_kind IS NULL) = (subject_id IS NULL)",
            name="loose_or_attached",
        ),
        Index("ix_files_uploader_created", "uploader_id", "created_at"),
        Index("ix_files_subject", "subject_kind", "subject_id", "position"),
        Index("ix_files_loose", "loose_since", postgresql_where=LOOSE, sqlite_where=LOOSE),
        # Histories keep ids of deleted files, so an id must never come twice.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[FileKind]
    title: Mapped[str | None]
    content_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    seconds: Mapped[int | None]
    uploader_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    loose_since: Mapped[datetime | None]
    subject_kind: Mapped[str | None]
    subject_id: Mapped[Ref | None]
    position: Mapped[int] = mapped_column(default=0)
    content_state: Mapped[ContentState] = mapped_column(default=ContentState.PENDING)

    @property
    def is_loose(self) -> bool:
        """Whether the file belongs to no subject."""
        return self.subject_kind is None

    def attach(self, subject: tuple[str, int], position: int) -> None:
        """Gives the file to a subject (kind, id), at that place among the subject's files."""
        self.subject_kind, self.subject_id = subject
        self.position = position
        self.loose_since = None


class FileRemoval(Queued):
    """A deleted file whose bytes are still there, until a job has deleted them too."""

    __tablename__ = "file_removals"

    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
