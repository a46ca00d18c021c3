"""Policies by version, and days of the calendar."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.deadlines.computing.states import DayKind
from app.kernel.database import Id, Model, Ref


class DeadlinePolicy(Model):
    """One version of a policy: the one for all, or what a unit has tightened for its subtree.

    A row is never changed but for `superseded_at`; facts name it for ever.
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
    """A day that is not what its weekday says."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[DayKind]
    name: Mapped[str]
    source: Mapped[str]
    confirmed: Mapped[bool] = mapped_column(default=True)
