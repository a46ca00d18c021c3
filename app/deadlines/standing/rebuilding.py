"""Computes deadlines from the facts alone, to check the rows that are kept and to mend them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from app.deadlines.computing.clocks import Fact, reckon, replay
from app.deadlines.computing.states import FactKind
from app.deadlines.standing.events import SubjectsMoving
from app.deadlines.standing.following import Now, Subject, fact_of, follow, values_of
from app.deadlines.standing.models import Deadline, DeadlineFact
from app.deadlines.terms.surroundings import code_of
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.kernel.events import announce

_FACTS, _DEADLINES = table_of(DeadlineFact), table_of(Deadline)
# The columns that follow from facts; the next step of the ladder does not.
_DECIDED = ("policy", "topic", "urgency", "unit_id", "started_at", "counts_since", "state")
_RECKONED = ("target_minutes", "due_at", "met_at", "used_seconds", "left_seconds", "person_id")
COMPARED = (*_DECIDED, *_RECKONED)


@dataclass(frozen=True, slots=True)
class Difference:
    """A deadline whose row differs from what the facts give.

    `kept` is None if the row is missing, `computed` is None if the facts give no such deadline.
    """

    subject_kind: str
    subject_id: int
    round: int
    stage: str
    kept: dict[str, Any] | None
    computed: dict[str, Any] | None


def differences(kind: str, subject_id: int) -> Iterator[Difference]:
    """Where the kept deadlines of a subject are not those that its facts give."""
    here, kept = Now(), {(row.round, row.stage, row.turn): row for row in _rows(kind, subject_id)}
    for subject, facts in _rounds(kind, subject_id):
        for clock in replay(facts):
            reckoned = reckon(clock, here)
            if reckoned is None:
                continue
            row = kept.pop((clock.round, clock.stage, clock.turn), None)
            computed = values_of(here, subject, clock, reckoned)
            if row is None or any(getattr(row, name) != computed[name] for name in COMPARED):
                yield _difference(row, computed)
    for row in kept.values():
        # A stage that the policy has no more is dropped without a fact.
        if row.state.value != "dropped":
            yield _difference(row, None)


def rebuild_some(actor: Actor, kind: str, ids: Sequence[int]) -> int:
    """Mends the deadlines of subjects that no other process holds; answers how many differed."""
    moving = SubjectsMoving(kind, tuple(ids))
    announce(moving)
    return sum(rebuild(actor, kind, found) for found in ids if found not in moving.postponed)


def rebuild(actor: Actor, kind: str, subject_id: int) -> int:
    """Writes what the facts give; answers how many deadlines differed.

    The caller holds the lock on the subject.
    """
    del actor
    found = len(list(differences(kind, subject_id)))
    if found:
        for subject, _ in _rounds(kind, subject_id):
            follow(subject, [])
    return found


def _rows(kind: str, subject_id: int) -> list[Row[Any]]:
    of_subject = (_DEADLINES.c.subject_kind == kind, _DEADLINES.c.subject_id == subject_id)
    return list(session.execute(select(_DEADLINES).where(*of_subject)))


def _rounds(kind: str, subject_id: int) -> list[tuple[Subject, list[Fact]]]:
    """The facts of each round, with the subject as the last of these facts names it."""
    of_subject = (_FACTS.c.subject_kind == kind, _FACTS.c.subject_id == subject_id)
    rounds: dict[int, list[Fact]] = {}
    for row in session.execute(select(_FACTS).where(*of_subject).order_by(_FACTS.c.id)):
        rounds.setdefault(row.round, []).append(fact_of(row))
    found = []
    for number, facts in rounds.items():
        named = [f.details for f in facts if f.kind in (FactKind.STARTED, FactKind.CHOSEN)]
        if named and named[-1]["versions"]:
            policy = code_of(named[-1]["versions"][0])
            found.append((Subject(kind, subject_id, number, policy, named[-1]["topic"]), facts))
    return found


def _difference(row: Row[Any] | None, computed: dict[str, Any] | None) -> Difference:
    if computed is None:
        assert row is not None  # noqa: S101  # one of the two is there
        key = (row.subject_kind, row.subject_id, row.round, row.stage.value)
    else:
        key = (
            computed["subject_kind"],
            computed["subject_id"],
            computed["round"],
            computed["stage"].value,
        )
    kept = None if row is None else {name: getattr(row, name) for name in COMPARED}
    said = None if computed is None else {name: computed[name] for name in COMPARED}
    return Difference(*key, kept, said)
