"""The tables of facts, of deadlines, of the steps that are done, and of recomputations."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.deadlines.computing.states import (
    CalendarKind,
    DeadlineState,
    FactKind,
    LateReason,
    Level,
    Stage,
)
from app.kernel.database import Id, Model, Ref
from app.kernel.queue import Queued

# Literal text, so that both databases use the partial index for the query.
WAITING = text("next_at IS NOT NULL AND given_up_at IS NULL")
RUNNING = text("state IN ('open', 'paused')")
GIVEN_UP = text("given_up_at IS NOT NULL")


class DeadlineFact(Model):
    """Something that happened to stages of a subject.

    Rows are only added. They are enough to compute all deadlines of the subject again.
    """

    __tablename__ = "deadline_facts"
    __table_args__ = (Index("ix_deadline_facts_subject", "subject_kind", "subject_id", "id"),)

    id: Mapped[Id]
    subject_kind: Mapped[str]
    subject_id: Mapped[Ref]
    round: Mapped[int]
    kind: Mapped[FactKind]
    at: Mapped[datetime]
    stages: Mapped[list[str]]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Deadline(Queued):
    """One run of a stage in a round of a subject; `turn` counts the runs from 1.

    The row is computed from the facts and kept for the indexes. `generation` rises when `due_at`
    changes. `next_at` is the time of `next_step`, the next step of the ladder. `basis` is the id of
    the last recomputation that the row has seen. `topic` is what the subject is about (the category of
    an order). `person_id` is the person who met the stage.
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "round", "stage", "turn"),
        Index(
            "ix_deadlines_waiting",
            "next_at",
            "id",
            postgresql_where=WAITING,
            sqlite_where=WAITING,
        ),
        Index(
            "ix_deadlines_behind",
            "basis",
            "policy",
            postgresql_where=RUNNING,
            sqlite_where=RUNNING,
        ),
        Index(
            "ix_deadlines_figures",
            "unit_path",
            "due_at",
            postgresql_ops={"unit_path": "text_pattern_ops"},
        ),
        Index("ix_deadlines_due", "stage", "due_at"),
        Index(
            "ix_deadlines_given_up",
            "given_up_at",
            postgresql_where=GIVEN_UP,
            sqlite_where=GIVEN_UP,
        ),
    )

    id: Mapped[Id]
    subject_kind: Mapped[str]
    subject_id: Mapped[Ref]
    round: Mapped[int]
    stage: Mapped[Stage]
    turn: Mapped[int]
    policy: Mapped[str]
    urgency: Mapped[str]
    calendar: Mapped[CalendarKind | None]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"))
    unit_path: Mapped[str]
    topic: Mapped[Ref | None]
    person_id: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"), index=True)
    versions: Mapped[list[int]]
    started_at: Mapped[datetime]
    # The start, the agreement on another date or the end of the last pause.
    counts_since: Mapped[datetime]
    state: Mapped[DeadlineState]
    target_minutes: Mapped[int | None]
    due_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    # Counted time when the stage was met; a negative rest means that it was late.
    used_seconds: Mapped[int | None]
    left_seconds: Mapped[int | None]
    generation: Mapped[int] = mapped_column(default=1)
    next_at: Mapped[datetime | None]
    next_step: Mapped[str | None]
    basis: Mapped[Ref] = mapped_column(default=0)
    late_reason: Mapped[LateReason | None]
    late_note: Mapped[str | None]


class DeadlineStep(Model):
    """A step of a ladder that was announced or skipped.

    The primary key makes sure that each step of a generation happens once.
    """

    __tablename__ = "deadline_steps"
    __table_args__ = (PrimaryKeyConstraint("deadline_id", "generation", "step"),)

    deadline_id: Mapped[Ref] = mapped_column(ForeignKey("deadlines.id"))
    generation: Mapped[int]
    step: Mapped[str]
    level: Mapped[Level]
    due_at: Mapped[datetime]
    at: Mapped[datetime]
    done_at: Mapped[datetime]
    skipped: Mapped[bool]


class Recomputation(Model):
    """A change of terms after which running deadlines are computed again, batch by batch.

    It concerns the deadlines of one policy, of one subtree of units, or all. `total` and `done` count
    subjects.
    """

    __tablename__ = "deadline_recomputations"

    id: Mapped[Id]
    reason: Mapped[str]
    policy: Mapped[str | None]
    unit_path: Mapped[str | None]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    finished_at: Mapped[datetime | None]
