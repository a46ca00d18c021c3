"""The tables of policies, by version, and of special days."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.deadlines.computing.states import DayKind
from app.kernel.database import Id, Model, Ref


class DeadlinePolicy(Model):
    """One version of a policy: for all units, or what one unit has tightened for its subtree.

    Only `superseded_at` of a row ever changes, because facts keep the ids of rows.
    """

    __tablename__ = "deadline_policies"
    __table_args__ = (Index("ix_deadline_policies_code", "code", "unit_id"),)

    id: Mapped[Id]
    code: Mapped[str]
    name: Mapped[str]
    unit_id: Mapped[Ref | None] = mapped_column(ForeignKey("units.id"))
    stages: Mapped[list[Any]]
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    superseded_at: Mapped[datetime | None]


class CalendarDay(Model):
    """A day that differs from its weekday; `confirmed`: it was announced."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[DayKind]
    name: Mapped[str]
    source: Mapped[str]
    confirmed: Mapped[bool] = mapped_column(default=True)
