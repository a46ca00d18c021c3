"""A file that somebody has uploaded to be entered, and its rows, sealed until they are."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.intake.states import ImportState
from app.kernel.database import Id, Model, Ref
from app.kernel.queue import Queued


class Import(Queued):
    """One upload. `rows`, `good`, `bad` are of the preview, the other counts of what came of them.

    The headings are sealed: a file may begin with somebody's name in its first row.
    """

    __tablename__ = "imports"
    __table_args__ = (
        Index("ix_imports_state", "state", "applied_at", "id"),
        Index("ix_imports_uploader", "uploaded_by_id", "state"),
        # Repeated requests name their import by its id, so a dropped one's must not come twice.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"), index=True)
    uploaded_by_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"))
    uploaded_at: Mapped[datetime]
    mapping: Mapped[str]
    headings: Mapped[str]
    state: Mapped[ImportState]
    rows: Mapped[int]
    good: Mapped[int]
    bad: Mapped[int]
    added: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    applied_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    def apply(self, at: datetime) -> None:
        """The job may enter it."""
        self.state, self.applied_at = ImportState.APPLYING, at
        # From here on it is counted what comes of the rows.
        self.known, self.rejected = 0, self.bad

    def finish(self, at: datetime) -> None:
        """No row is left."""
        self.state, self.done_at = ImportState.DONE, at

    def fail(self, at: datetime) -> None:
        """What is left is not entered."""
        self.state, self.done_at = ImportState.FAILED, at

    def send_again(self) -> None:
        """The job may enter what is left, with all its attempts."""
        super().send_again()
        self.state, self.done_at = ImportState.APPLYING, None


class ImportRow(Model):
    """One row that waits to be entered, or with `faults` one that was rejected; cells and faults sealed.

    A row that has been entered is deleted, and after a day all others are too.
    """

    __tablename__ = "import_rows"
    __table_args__ = (UniqueConstraint("import_id", "row"),)

    id: Mapped[Id]
    import_id: Mapped[Ref] = mapped_column(ForeignKey("imports.id"))
    row: Mapped[int]
    cells: Mapped[str]
    faults: Mapped[str | None]
