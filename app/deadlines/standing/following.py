"""Writes facts about a subject, and the deadlines that follow from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from app.deadlines.computing.clocks import JUDGED, Clock, Fact, Reckoning, note, reckon, replay
from app.deadlines.computing.ladders import Climb, Rung, ladder, next_rung, still_waiting
from app.deadlines.computing.states import DeadlineState, FactKind, Stage
from app.deadlines.standing.behind import current_basis, unfinished, unseen_since
from app.deadlines.standing.events import Dates
from app.deadlines.standing.models import Deadline, DeadlineFact, DeadlineStep
from app.deadlines.terms.surroundings import Here, choice
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.rows import fetch, insert_ignore, put, table_of

_BATCH = 500
_FACTS, _DEADLINES = table_of(DeadlineFact), table_of(Deadline)
_INSERT_FACTS = insert(_FACTS).inline()
_INSERT = insert(_DEADLINES).inline()
_FACTS_OF = (
    select(_FACTS)
    .where(
        _FACTS.c.subject_kind == bindparam("kind"),
        _FACTS.c.subject_id == bindparam("subject_id"),
        _FACTS.c.round == bindparam("round"),
    )
    .order_by(_FACTS.c.id)
)
_ROWS_OF = select(_DEADLINES).where(
    _DEADLINES.c.subject_kind == bindparam("kind"),
    _DEADLINES.c.subject_id == bindparam("subject_id"),
    _DEADLINES.c.round == bindparam("round"),
)
# What the sweep has noted of its attempts.
_TRIED = ("lease_until", "attempts", "given_up_at")
_MUTABLE = (
    "policy",
    "versions",
    "counts_since",
    "urgency",
    "calendar",
    "unit_id",
    "unit_path",
    "topic",
    "person_id",
    "state",
    "target_minutes",
    "due_at",
    "met_at",
    "used_seconds",
    "left_seconds",
    "generation",
    "next_at",
    "next_step",
    *_TRIED,
    "basis",
)
_UPDATE = (
    update(_DEADLINES)
    .where(_DEADLINES.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in _MUTABLE})
)


class Now(Here):
    """The surroundings of this moment, and the last change that they have seen."""

    def __init__(self) -> None:
        super().__init__()
        self.basis = current_basis()


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject in one of its rounds; `policy` is a code, `topic` what the subject is about."""

    kind: str
    id: int
    round: int
    policy: str
    topic: int | None = None


def follow(subject: Subject, facts: Sequence[Fact], *, is_new: bool = False) -> Dates:
    """Writes new facts of the subject's round and its deadlines by them; answers the dates.

    `is_new`: the round has no facts yet. The caller holds the lock on the subject.
    """
    about = {"kind": subject.kind, "subject_id": subject.id, "round": subject.round}
    # These tables are written past the ORM, so the session has no unwritten rows of them.
    with session.no_autoflush:
        rows = [] if is_new else fetch(_ROWS_OF, about)
        earlier = [] if is_new else [fact_of(row) for row in fetch(_FACTS_OF, about)]
    here, clocks = Now(), replay(earlier)
    noted = [note(clocks, fact, here) for fact in [*_missed(clocks, rows), *facts]]
    if noted:
        put(_INSERT_FACTS, [_fact_values(subject, fact) for fact in noted])
    return _settle(here, subject, clocks, rows, anew=False)


def recompute(subject: Subject) -> Dates:
    """Computes the deadlines of a round again by the policies and calendars of now; answers the dates.

    Only pending dates move; a date that had passed before the change stands. The caller holds the
    lock on the subject.
    """
    about = {"kind": subject.kind, "subject_id": subject.id, "round": subject.round}
    rows = session.execute(_ROWS_OF, about).all()
    here, clocks = Now(), replay(fact_of(row) for row in session.execute(_FACTS_OF, about))
    noted = [note(clocks, fact, here) for fact in _missed(clocks, rows)]
    pending = [clock for clock in clocks if clock.is_running and clock.missed is None]
    if pending:
        last = pending[-1].choice
        today = choice(subject.policy, last.urgency, last.unit_id, last.limit)
        if any(clock.choice != today for clock in pending):
            stages = tuple(dict.fromkeys(clock.stage for clock in pending))
            chosen = Fact(FactKind.CHOSEN, now(), subject.round, stages, today.as_details())
            noted.append(note(clocks, chosen, here))
    if noted:
        put(_INSERT_FACTS, [_fact_values(subject, fact) for fact in noted])
    return _settle(here, subject, clocks, rows, anew=True)


def _missed(clocks: Iterable[Clock], rows: Iterable[Row[Any]]) -> list[Fact]:
    """A fact for each date that had passed when the policy or the calendar was changed.

    The fact keeps the date, so that it is never computed by later terms.
    """
    running = {(clock.stage, clock.turn): clock for clock in clocks if clock.is_running}
    changes, facts = unfinished(), []
    for row in rows:
        clock, changed_at = running.get((row.stage, row.turn)), unseen_since(row, changes)
        if clock is None or clock.missed is not None or changed_at is None or row.due_at is None:
            continue
        if row.due_at <= changed_at:
            judged = Reckoning(row.target_minutes, row.due_at).as_judged()
            details = {**clock.choice.as_details(), JUDGED: {clock.key: judged}}
            facts.append(Fact(FactKind.CHOSEN, changed_at, row.round, (row.stage,), details))
    return facts


def write_past(stories: Sequence[tuple[Subject, Sequence[Fact]]]) -> list[Dates]:
    """Writes all facts of subjects that have none yet, and the deadlines that follow.

    Steps of ladders that lie in the past are left out. Answers the dates of the last round of each
    subject, in the order of the stories.
    """
    here, at = Now(), now()
    facts: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    dates: list[Dates] = []
    for subject, told in stories:
        clocks: list[Clock] = []
        noted = [note(clocks, fact, here) for fact in told]
        facts += [{**_fact_values(subject, fact), "round": fact.round} for fact in noted]
        of_round: list[dict[str, Any]] = []
        for clock in clocks:
            reckoned = reckon(clock, here)
            if reckoned is None:
                continue
            values = values_of(here, subject, clock, reckoned)
            _climb(here, clock, values, None, at)
            rows.append(values)
            if clock.round == subject.round:
                of_round.append({**values, "promise": _promise(here, clock, reckoned)})
        dates.append(dates_of(of_round))
    for table, lines in ((_FACTS, facts), (_DEADLINES, rows)):
        for start in range(0, len(lines), _BATCH):
            session.execute(insert(table), lines[start : start + _BATCH])
    return dates


def fact_of(row: Row[Any]) -> Fact:
    """The fact that a row of `deadline_facts` keeps."""
    stages = tuple(Stage(stage) for stage in row.stages)
    return Fact(row.kind, row.at, row.round, stages, row.details)


def _fact_values(subject: Subject, fact: Fact) -> dict[str, Any]:
    details = dict(fact.details)
    if "versions" in details:
        details["topic"] = subject.topic
    return {
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "round": subject.round,
        "kind": fact.kind,
        "at": fact.at,
        "stages": [stage.value for stage in fact.stages],
        "details": details,
    }


_RUNNING = (DeadlineState.OPEN, DeadlineState.PAUSED)


def _settle(
    here: Now, subject: Subject, clocks: Iterable[Clock], rows: Iterable[Row[Any]], *, anew: bool
) -> Dates:
    """Writes the rows that differ from the clocks; answers the dates.

    `anew`: the rows have now seen all changes of policy and calendar.
    """
    known = {(row.stage, row.turn): row for row in rows}
    at = now()
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for clock in clocks:
        reckoned = reckon(clock, here)
        if reckoned is None:
            continue
        row = known.pop((clock.stage, clock.turn), None)
        values = values_of(here, subject, clock, reckoned)
        behind = _climb(here, clock, values, row, at)
        kept.append({**values, "promise": _promise(here, clock, reckoned)})
        if row is None:
            fresh.append(values)
            continue
        values["basis"] = values["basis"] if anew else row.basis
        skipped += [_skipped(row.id, values, rung, at) for rung in behind]
        if any(values[name] != getattr(row, name) for name in _MUTABLE):
            changed.append({"row_id": row.id, **{name: values[name] for name in _MUTABLE}})
    # Stages that the policy does not have any more.
    changed += [_dropped(here, row) for row in known.values() if row.state in _RUNNING]
    if fresh:
        put(_INSERT, fresh)
    if changed:
        put(_UPDATE, changed)
    if skipped:
        insert_ignore(DeadlineStep, skipped, conflict=["deadline_id", "generation", "step"])
    return dates_of(kept)


def _dropped(here: Now, row: Row[Any]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _MUTABLE}
    ended = {
        "state": DeadlineState.DROPPED,
        "next_at": None,
        "next_step": None,
        "given_up_at": None,
    }
    return {"row_id": row.id, **values, **ended, "basis": here.basis}


def values_of(here: Now, subject: Subject, clock: Clock, reckoned: Reckoning) -> dict[str, Any]:
    """The columns of a clock's row, without the next step of its ladder."""
    choice_of = clock.choice
    target = here.rules(choice_of.versions).stages[clock.stage].by_day(choice_of.urgency)
    return {
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "round": clock.round,
        "stage": clock.stage,
        "turn": clock.turn,
        "policy": subject.policy,
        "versions": list(choice_of.versions),
        "urgency": choice_of.urgency,
        "calendar": target.calendar if target else None,
        "unit_id": choice_of.unit_id,
        "unit_path": here.unit_path(choice_of.unit_id),
        "topic": subject.topic,
        "person_id": clock.met_by,
        "started_at": clock.started_at,
        "counts_since": clock.counts_since,
        "state": clock.state,
        "target_minutes": reckoned.target_minutes,
        "due_at": reckoned.due_at,
        "met_at": clock.met_at,
        "used_seconds": reckoned.used_seconds,
        "left_seconds": reckoned.left_seconds,
        "generation": 1,
        "next_at": None,
        "next_step": None,
        "basis": here.basis,
        "lease_until": None,
        "attempts": 0,
        "given_up_at": None,
    }


def _climb_of(clock: Clock, due_at: datetime) -> Climb:
    chosen = clock.choice
    return Climb(
        clock.stage, chosen.versions, chosen.urgency, chosen.unit_id, clock.counts_since, due_at
    )


def _climb(
    here: Now, clock: Clock, values: dict[str, Any], row: Row[Any] | None, at: datetime
) -> list[Rung]:
    """Sets the next step in `values`; answers the steps of a new ladder that have passed already."""
    due_at = values["due_at"]
    moved = row is not None and row.due_at != due_at
    if row is not None:
        values["generation"] = row.generation + moved
    if clock.state is not DeadlineState.OPEN or due_at is None:
        return []
    climb = _climb_of(clock, due_at)
    if row is not None and not moved and row.state is DeadlineState.OPEN:
        # With the same date the same step comes next, perhaps at another time.
        since = min(at, row.next_at or at)
        waiting = still_waiting(ladder(climb, here), row.next_step, since)
        if waiting:
            values["next_at"], values["next_step"] = waiting[0].at, waiting[0].name
            values |= {name: getattr(row, name) for name in _TRIED}
        return []
    coming = next_rung(climb, at, here)
    if coming is not None:
        values["next_at"], values["next_step"] = coming.at, coming.name
    return [] if row is None else [rung for rung in ladder(climb, here) if rung.at <= at]


def _promise(here: Now, clock: Clock, reckoned: Reckoning) -> datetime | None:
    """The date to show; of a paused clock the date without its open pause."""
    if clock.state is not DeadlineState.PAUSED:
        return reckoned.due_at
    before = reckon(replace(clock, pauses=clock.pauses[:-1]), here)
    return before.due_at if before else None


def _skipped(row_id: int, values: dict[str, Any], rung: Rung, at: datetime) -> dict[str, Any]:
    return {
        "deadline_id": row_id,
        "generation": values["generation"],
        "step": rung.name,
        "level": rung.level,
        "due_at": values["due_at"],
        "at": rung.at,
        "done_at": at,
        "skipped": True,
    }


def dates_of(rows: Iterable[Mapping[str, Any]]) -> Dates:
    """The date of `solve` to show, and the earliest date of the open stages.

    A paused stage still has its date to show, but it is not the next one.
    """
    solve: datetime | None = None
    coming: list[datetime] = []
    for row in rows:
        if row["stage"] is Stage.SOLVE:
            solve = row["promise"]
        if row["state"] is DeadlineState.OPEN and row["due_at"] is not None:
            coming.append(row["due_at"])
    return Dates(solve, min(coming, default=None))
