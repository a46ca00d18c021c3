"""The table of bulk runs: their results are kept, so that a repeated request gets the same answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model


class BulkRun(Model):
    """One run over many orders: the actor, the action and the result of each order.

    An item of `results` is {"id", "status", "code"?, "message"?}: the order's id, the HTTP status,
    and the error code and sentence of a refusal. Texts that the actor wrote are not kept here.
    """

    __tablename__ = "bulk_runs"

    id: Mapped[Id]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    action: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    results: Mapped[list[Any]]
