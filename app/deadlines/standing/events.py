"""The events that deadlines announce to the room that owns the subjects."""

from dataclasses import dataclass, field
from datetime import datetime

from app.deadlines.computing.states import Level, Stage


@dataclass(frozen=True, slots=True)
class Passed:
    """A step of a ladder has come: people of that level are to be reminded of that stage."""

    deadline_id: int
    subject_id: int
    round: int
    stage: Stage
    level: Level
    step: str
    due_at: datetime
    urgency: str
    unit_id: int
    is_late: bool


@dataclass(frozen=True, slots=True)
class DeadlinesPassed:
    """A batch of steps of one kind of subject, the most urgent first."""

    subject_kind: str
    items: tuple[Passed, ...]


@dataclass(frozen=True, slots=True)
class SubjectsMoving:
    """The program is about to change these subjects, so their owner must lock them.

    The owner puts the ids that another process holds into `postponed`; they are left for later.
    """

    subject_kind: str
    subject_ids: tuple[int, ...]
    postponed: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Dates:
    """The date by which a subject is to be solved, and the earliest date of all its stages."""

    solve_due_at: datetime | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadlinesMoved:
    """The new dates of subjects, by id; the owner has locked them at `SubjectsMoving`."""

    subject_kind: str
    dates: dict[int, Dates]
