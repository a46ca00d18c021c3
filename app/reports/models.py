"""The table of bulletins: the figures of a week or a month as they were sent."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model, Ref
from app.reports.states import BulletinKind


class Bulletin(Model):
    """A unit's bulletin for the days from `since` to `until`, both included.

    `content` are the figures as JSON, `html` is the page. A bulletin is never changed.
    """

    __tablename__ = "bulletins"
    __table_args__ = (UniqueConstraint("unit_id", "kind", "since"),)

    id: Mapped[Id]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[BulletinKind]
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    content: Mapped[dict[str, Any]]
    html: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
