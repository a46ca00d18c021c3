"""Slots: what is to be done once for a time ("2026-W47") and changes no row that would say so."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import insert_ignore
from app.kernel.given_up import Kind
from app.kernel.queue import Leased, fail, free_rows, held, is_free, take

LEASE = timedelta(minutes=10)
KEPT = timedelta(days=400)


class SlotState(StrEnum):
    """To be done or under way, done, or given up."""

    OPEN = "open"
    DONE = "done"
    GIVEN_UP = "given_up"


class JobSlot(Leased):
    """One time of one job; neither name nor slot has a slash, and the name has no colon.

    `done_at` is business time.
    """

    __tablename__ = "job_slots"

    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    done_at: Mapped[datetime | None] = mapped_column(index=True)

    @property
    def state(self) -> SlotState:
        """As `in_state` selects it."""
        if self.done_at is not None:
            return SlotState.DONE
        return SlotState.OPEN if self.given_up_at is None else SlotState.GIVEN_UP

    def finish(self, at: datetime) -> None:
        """The work is done."""
        self.done_at, self.lease_until, self.last_error = at, None, None


GIVEN_UP = Kind(
    "slot",
    "多次失败、已停下的定期任务（个）",
    JobSlot,
    lambda row: {"name": row.name, "slot": row.slot},
)
_OPEN = JobSlot.done_at.is_(None)


def in_state(state: SlotState) -> ColumnElement[bool]:
    """The slots in that state."""
    if state is SlotState.DONE:
        return JobSlot.done_at.is_not(None)
    is_given_up = JobSlot.given_up_at.is_not(None)
    return and_(_OPEN, is_given_up if state is SlotState.GIVEN_UP else ~is_given_up)


def due_slots(name: str, wanted: Iterable[str]) -> list[str]:
    """Those of the wanted that are to be done now, then what was begun and not finished."""
    slots = list(dict.fromkeys(wanted))
    is_due = and_(_OPEN, is_free(JobSlot))
    found = session.execute(
        select(JobSlot.slot, is_due).where(
            JobSlot.name == name, or_(JobSlot.slot.in_(slots), is_due)
        )
    )
    free = {slot: bool(is_one) for slot, is_one in found}
    begun = sorted(slot for slot, is_one in free.items() if is_one and slot not in slots)
    return [slot for slot in slots if free.get(slot, True)] + begun


def run_slot(name: str, slot: str, work: Callable[[str], object]) -> bool:
    """Does `work(slot)` unless it has been done; slot and work are one transaction, the caller's.

    Returns whether the work was done now.
    """
    if not _insert(name, slot, done_at=now()):
        row = _free(name, slot)
        if row is None:
            return False
        row.finish(now())
        session.flush()
    work(slot)
    return True


def take_slot(name: str, slot: str) -> int | None:
    """Takes a slot whose work needs several transactions; returns the fence to finish it with.

    None: the slot is done or given up, or another job holds it until the lease is over.
    """
    _insert(name, slot)
    row = _free(name, slot)
    return None if row is None else take(row, LEASE)


def finish_slot(name: str, slot: str, fence: int) -> bool:
    """Marks the slot done; returns False where another job has taken it since."""
    row = held(JobSlot, fence, _is(name, slot), _OPEN)
    if row is None:
        return False
    row.finish(now())
    session.flush()
    return True


def fail_slot(name: str, slot: str, fence: int | None, error: str) -> None:
    """Notes a failed attempt, after the work was rolled back; `fence` as of `take_slot`, if at all.

    `error` holds nothing personal. A slot that is done, or that another job holds, is left alone.
    """
    _insert(name, slot)
    row = session.scalars(lock(select(JobSlot).where(_is(name, slot), _OPEN))).first()
    if row is not None and fence in (None, row.fence):
        fail(row, error)


def forget_old() -> int:
    """Deletes what was done more than 400 days ago; answers how many."""
    old = delete(JobSlot).where(JobSlot.done_at < now() - KEPT)
    return len(session.execute(old.returning(JobSlot.slot)).all())


def _insert(name: str, slot: str, **values: object) -> bool:
    fresh = {"name": name, "slot": slot, "fence": 0, "attempts": 0, **values}
    return insert_ignore(JobSlot, fresh) == 1


def _is(name: str, slot: str) -> ColumnElement[bool]:
    return and_(JobSlot.name == name, JobSlot.slot == slot)


def _free(name: str, slot: str) -> JobSlot | None:
    return session.scalars(free_rows(JobSlot, _is(name, slot), _OPEN)).one_or_none()
