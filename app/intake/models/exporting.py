"""The table of exports: Excel files of orders that a person has asked for, kept for 24 hours."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.intake.states import ExportState, ExportTemplate
from app.kernel.database import Id, Ref
from app.kernel.queue import Leased


class Export(Leased):
    """One wish for a file. `asked` is the filter and the reason, sealed: people search by phones.

    `failure` is a sentence for the owner.
    """

    __tablename__ = "exports"
    __table_args__ = (
        Index("ix_exports_owner", "owner_id", "state"),
        Index("ix_exports_state", "state", "id"),
        # An id is never used twice, so an old address does not lead to a new export.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    owner_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"))
    template: Mapped[ExportTemplate]
    unmasked: Mapped[bool] = mapped_column(default=False)
    asked: Mapped[str]
    state: Mapped[ExportState]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)

    def finish(self, rows: int, expires_at: datetime) -> None:
        """Notes that the file is finished, with its number of rows and the end of its time."""
        self.state, self.expires_at, self.lease_until = ExportState.DONE, expires_at, None
        self.total = self.done = rows

    def fail(self, told: str) -> None:
        """There will be no file, and the owner reads why."""
        self.state, self.failure, self.lease_until = ExportState.FAILED, told, None

    def send_again(self) -> None:
        """Waits for the timetable again, with all its attempts."""
        super().send_again()
        self.state, self.failure = ExportState.WAITING, None
