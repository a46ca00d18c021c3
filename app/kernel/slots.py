"""Slots: what is to be done once for a time ("2026-W47") and changes no row that would say so."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.clock import now
from app.kernel.database import Model, database_now, lock, session
from app.kernel.database.fast.rows import insert_ignore

LEASE = timedelta(minutes=10)
# How long to wait after the first, second, … failure; the failure after the last is final.
BACKOFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
MAX_ATTEMPTS = len(BACKOFF) + 1
KEPT = timedelta(days=400)

log = structlog.get_logger("slots")


class SlotState(StrEnum):
    """To be done or under way, done, or given up."""

    OPEN = "open"
    DONE = "done"
    DEAD = "dead"


class JobSlot(Model):
    """One time of one job; neither name nor slot has a slash.

    `lease_until` is a time of the database's clock: until then nobody takes the slot, because somebody
    works on it or it has failed. `fence` rises with every taking, `attempts` with every failure;
    `done_at` is business time.
    """

    __tablename__ = "job_slots"

    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]

    @property
    def state(self) -> SlotState:
        """As `in_state` selects it."""
        if self.done_at is not None:
            return SlotState.DONE
        return SlotState.DEAD if self.attempts >= MAX_ATTEMPTS else SlotState.OPEN

    def open_again(self) -> None:
        """A dead slot gets all its attempts anew."""
        self.attempts = 0
        self.lease_until = None
        self.last_error = None


def in_state(state: SlotState) -> ColumnElement[bool]:
    """The slots in that state."""
    if state is SlotState.DONE:
        return JobSlot.done_at.is_not(None)
    is_dead = JobSlot.attempts >= MAX_ATTEMPTS
    return and_(JobSlot.done_at.is_(None), is_dead if state is SlotState.DEAD else ~is_dead)


def due_slots(name: str, wanted: Iterable[str]) -> list[str]:
    """Those of the wanted that are to be done now, then what was begun and not finished."""
    slots = list(dict.fromkeys(wanted))
    is_free = _is_free(database_now())
    found = session.execute(
        select(JobSlot.slot, is_free).where(
            JobSlot.name == name, or_(JobSlot.slot.in_(slots), is_free)
        )
    )
    free = {slot: bool(is_one) for slot, is_one in found}
    begun = sorted(slot for slot, is_one in free.items() if is_one and slot not in slots)
    return [slot for slot in slots if free.get(slot, True)] + begun


def run_slot(name: str, slot: str, work: Callable[[str], object]) -> bool:
    """Does `work(slot)` unless it has been done; slot and work are one transaction, the caller's."""
    done = {"done_at": now()}
    if not _insert(name, slot, **done):
        again = (
            update(JobSlot)
            .where(_is(name, slot), _is_free(database_now()))
            .values(**done, lease_until=None, last_error=None)
            .returning(JobSlot.slot)
        )
        if session.execute(again).first() is None:
            return False
    work(slot)
    return True


def take_slot(name: str, slot: str) -> int | None:
    """Takes a slot whose work needs several transactions; answers the fence to finish it with.

    None: it is done, dead, or somebody else's until the lease is over.
    """
    _insert(name, slot)
    moment = database_now()
    taken = (
        update(JobSlot)
        .where(_is(name, slot), _is_free(moment))
        .values(fence=JobSlot.fence + 1, lease_until=moment + LEASE)
        .returning(JobSlot.fence)
    )
    row = session.execute(taken).first()
    return None if row is None else int(row[0])


def finish_slot(name: str, slot: str, fence: int) -> bool:
    """Marks the slot done; False where another has taken it since."""
    done = (
        update(JobSlot)
        .where(_is(name, slot), JobSlot.fence == fence, JobSlot.done_at.is_(None))
        .values(done_at=now(), lease_until=None, last_error=None)
        .returning(JobSlot.slot)
    )
    return session.execute(done).first() is not None


def fail_slot(name: str, slot: str, fence: int | None, error: str) -> None:
    """Notes a failed attempt, after the work was rolled back; `fence` as of `take_slot`, if at all.

    `error` holds nothing personal. What is done, or another's by now, is left alone.
    """
    _insert(name, slot)
    row = session.scalars(
        lock(select(JobSlot).where(_is(name, slot), JobSlot.done_at.is_(None)))
    ).first()
    if row is None or fence not in (None, row.fence):
        return
    row.attempts += 1
    row.last_error = error
    is_dead = row.attempts >= MAX_ATTEMPTS
    row.lease_until = None if is_dead else database_now() + BACKOFF[row.attempts - 1]
    if is_dead:
        log.error("slot.dead", job=name, slot=slot, error=error)


def count_dead() -> int:
    """How many have been given up."""
    return session.scalar(select(func.count()).where(in_state(SlotState.DEAD))) or 0


def forget_old() -> int:
    """Deletes what was done more than 400 days ago; answers how many."""
    old = delete(JobSlot).where(JobSlot.done_at < now() - KEPT)
    return len(session.execute(old.returning(JobSlot.slot)).all())


def _insert(name: str, slot: str, **values: object) -> bool:
    fresh = {"name": name, "slot": slot, "fence": 0, "attempts": 0, **values}
    return insert_ignore(JobSlot, fresh) == 1


def _is(name: str, slot: str) -> ColumnElement[bool]:
    return and_(JobSlot.name == name, JobSlot.slot == slot)


def _is_free(moment: datetime) -> ColumnElement[bool]:
    is_left = or_(JobSlot.lease_until.is_(None), JobSlot.lease_until <= moment)
    return and_(in_state(SlotState.OPEN), is_left)
