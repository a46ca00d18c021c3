"""The tables of uploaded files and of their rows, which are sealed until they are entered."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.intake.states import ImportState
from app.kernel.clock import now
from app.kernel.database import Id, Model, Ref
from app.kernel.queue import Queued


class Import(Queued):
    """One upload. `rows`, `good`, `bad` are of the preview, the other counts of what came of them.

    `rows`, `good` and `bad` count the rows of the preview. `added` and `rejected` count the rows
    that were entered and refused. `known` counts rows that came in before. The headings are sealed,
    because the first row of a file can hold a person's name.
    """

    __tablename__ = "imports"
    __table_args__ = (
        Index("ix_imports_state", "state", "applied_at", "id"),
        Index("ix_imports_uploader", "uploaded_by_id", "state"),
        # A repeated request names its import by its id, so the id of a dropped import is not reused.
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
        """Lets the job enter the rows, and sets the counts of the preview back."""
        self.state, self.applied_at = ImportState.APPLYING, at
        # From here on these count the results of the job; the bad rows are rejected already.
        self.known, self.rejected = 0, self.bad

    def finish(self, at: datetime) -> None:
        """Notes that no row is left to enter."""
        self.state, self.done_at = ImportState.DONE, at

    def fail(self, at: datetime) -> None:
        """What is left is not entered."""
        self.state, self.done_at = ImportState.FAILED, at

    def send_again(self) -> None:
        """The job may enter what is left, with all its attempts."""
        super().send_again()
        self.state, self.applied_at, self.done_at = ImportState.APPLYING, now(), None


class ImportRow(Model):
    """A row that waits to be entered, or a rejected row if it has `faults`; both texts are sealed.

    A row is deleted when it has been entered, and all other rows 24 hours later.
    """

    __tablename__ = "import_rows"
    __table_args__ = (UniqueConstraint("import_id", "row"),)

    id: Mapped[Id]
    import_id: Mapped[Ref] = mapped_column(ForeignKey("imports.id"))
    row: Mapped[int]
    cells: Mapped[str]
    faults: Mapped[str | None]
