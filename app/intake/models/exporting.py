"""The table of exports: Excel files of orders that a person has asked for, kept for 24 hours."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.intake.states import ExportState, ExportTemplate
from app.kernel.database import Id, Model, Ref


class Export(Model):
    """A person's request for a file.

    `asked` holds the filter and the reason, sealed, because a filter can hold a phone. `fence` counts
    the processes that have worked on the file; only the last one may finish it. `lease_until` (by the
    database's clock) keeps other processes away. `failure` is a Chinese sentence for the owner.
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
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]

    def finish(self, rows: int, expires_at: datetime) -> None:
        """Notes that the file is finished, with its number of rows and the end of its time."""
        self.state, self.expires_at, self.lease_until = ExportState.DONE, expires_at, None
        self.total = self.done = rows

    def fail(self, told: str) -> None:
        """Notes that there will be no file; `told` is a Chinese sentence for the owner."""
        self.state, self.failure, self.lease_until = ExportState.FAILED, told, None
