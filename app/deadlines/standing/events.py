"""What the deadlines announce upward. The owner of the subjects answers in `postponed` whom he
cannot reach now (another process holds them); those are left for the next call."""

from dataclasses import dataclass, field
from datetime import datetime

from app.deadlines.computing.states import Level, Stage


@dataclass(frozen=True, slots=True)
class Passed:
    """A rung of a ladder has come: who of the subject's people is to be reminded of what."""

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
    """A batch of rungs, of one kind of subject, the most urgent first."""

    subject_kind: str
    items: tuple[Passed, ...]


@dataclass(frozen=True, slots=True)
class SubjectsMoving:
    """The dates of these subjects are about to be computed again by the program itself."""

    subject_kind: str
    subject_ids: tuple[int, ...]
    postponed: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Dates:
    """What a subject is due for now: to be solved, and next of all."""

    solve_due_at: datetime | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadlinesMoved:
    """Subjects whose dates were computed again, after SubjectsMoving."""

    subject_kind: str
    dates: dict[int, Dates]
