"""The job processes: which of them live, and what the rounds of each job have done."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.clock import now
from app.kernel.database import (
    Id,
    Model,
    UTCDateTime,
    database_now,
    is_sqlite,
    session,
    transaction,
)

BEAT_SECONDS = 5
# A process whose last beat is older than this counts as dead.
ALIVE = timedelta(seconds=30)
KEPT = timedelta(days=1)
NOTE_SECONDS = 60


class JobProcess(Model):
    """One process of `flask run-jobs`; both of its times are read from the clock of the database."""

    __tablename__ = "job_processes"
    # An id is never used again: a process whose row was deleted must not keep the row of another alive.
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[Id]
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]


class JobRound(Model):
    """The rounds of one job in all processes together; times are those of the program's clock.

    `last_done` is how many items were done between the last two notes. `last_error` is the name of the
    error class of the last failure.
    """

    __tablename__ = "job_rounds"

    name: Mapped[str] = mapped_column(primary_key=True)
    rounds: Mapped[int]
    last_at: Mapped[datetime]
    last_done: Mapped[int]
    failures: Mapped[int]
    last_failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None]


class Heartbeat:
    """The row by which this process says that it lives."""

    def __init__(self) -> None:
        self._id: int | None = None
        self._started_at: datetime | None = None

    def beat(self) -> None:
        """Writes the present time into the row of this process.

        A new row is made at the first beat, and when another process has deleted the row.
        """
        moment = database_now()
        self._started_at = self._started_at or moment
        alive = (
            update(JobProcess)
            .where(JobProcess.id == self._id)
            .values(beat_at=moment)
            .returning(JobProcess.id)
        )
        if self._id is not None and session.execute(alive).first() is not None:
            return
        process = JobProcess(
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            beat_at=moment,
        )
        session.add(process)
        session.flush()
        self._id = process.id

    def end(self) -> None:
        """Deletes the row of this process."""
        session.execute(delete(JobProcess).where(JobProcess.id == self._id))


@dataclass(slots=True)
class _Tally:
    """The rounds of a job that are not in the database yet."""

    last_at: datetime
    rounds: int = 0
    last_done: int = 0
    failures: int = 0
    last_failed_at: datetime | None = None
    last_error: str | None = None


class Rounds:
    """Counts the rounds of each job in this process and writes the sums to the database.

    A job's sums are written at most once a minute, and at each failure.
    """

    def __init__(self) -> None:
        self._unwritten: dict[str, _Tally] = {}
        self._quiet_until: dict[str, float] = {}

    def note(self, name: str, done: int, error: str | None) -> None:
        """Counts one round that has done `done` items; `error` names the class of its failure.

        May write to the database in a transaction of its own, so the caller must have none open.
        """
        moment = now()
        tally = self._unwritten.setdefault(name, _Tally(moment))
        tally.last_at = moment
        tally.rounds += 1
        tally.last_done += done
        if error is not None:
            tally.failures += 1
            tally.last_failed_at, tally.last_error = moment, error
        if error is not None or monotonic() >= self._quiet_until.get(name, 0):
            self._write(name, tally)

    def write(self) -> None:
        """Writes the sums of all jobs that are not in the database yet."""
        for name, tally in list(self._unwritten.items()):
            self._write(name, tally)

    def _write(self, name: str, tally: _Tally) -> None:
        with transaction():
            _add(name, tally)
        # Only after the commit: when it fails, the sums are kept and written with the next round.
        del self._unwritten[name]
        self._quiet_until[name] = monotonic() + NOTE_SECONDS


def _add(name: str, tally: _Tally) -> None:
    insert = sqlite_insert if is_sqlite() else postgresql_insert
    statement = insert(JobRound).values(
        name=name,
        rounds=tally.rounds,
        last_at=tally.last_at,
        last_done=tally.last_done,
        failures=tally.failures,
        last_failed_at=tally.last_failed_at,
        last_error=tally.last_error,
    )
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "rounds": JobRound.rounds + new.rounds,
                "last_at": new.last_at,
                "last_done": new.last_done,
                "failures": JobRound.failures + new.failures,
                "last_failed_at": func.coalesce(new.last_failed_at, JobRound.last_failed_at),
                "last_error": func.coalesce(new.last_error, JobRound.last_error),
            },
        )
    )


def living_processes() -> list[JobProcess]:
    """The job processes with a beat within the last 30 seconds, the oldest process first."""
    alive = JobProcess.beat_at > database_now() - ALIVE
    return list(session.scalars(select(JobProcess).where(alive).order_by(JobProcess.id)))


def count_living() -> int:
    """How many job processes have had a beat within the last 30 seconds."""
    return len(living_processes())


def last_beat_seconds() -> float | None:
    """Seconds since the last beat of any job process; None when there is no row of a process."""
    beat_at = session.scalar(select(func.max(JobProcess.beat_at)))
    return None if beat_at is None else round((database_now() - beat_at).total_seconds(), 1)


def rounds_by_job() -> dict[str, JobRound]:
    """The sums of each job that has had a round, by the name of the job."""
    return {row.name: row for row in session.scalars(select(JobRound).order_by(JobRound.name))}


def forget_processes() -> int:
    """Deletes the rows of processes without a beat for a day; answers how many were deleted."""
    gone = delete(JobProcess).where(JobProcess.beat_at < database_now() - KEPT)
    return len(session.execute(gone.returning(JobProcess.id)).all())
