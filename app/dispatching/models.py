"""What was done to many orders at once, so that a repeated request is answered alike."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model


class BulkRun(Model):
    """One run: who, what, and what came of each order; of what was written to people, nothing.

    `results` are {"id", "status", "code"?, "message"?}; code and message are the program's own.
    """

    __tablename__ = "bulk_runs"

    id: Mapped[Id]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    action: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    results: Mapped[list[Any]]
