"""Queues: rows that jobs work on, each under a lease, tried again later and given up at last."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import ColumnElement, Select, and_, inspect, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.clock import now
from app.kernel.database import Model, database_clock, database_now, lock, session
from app.kernel.database.fast.rows import table_of

# How long a row waits after the first, second, … failure; the failure after the last is final.
BACKOFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
MAX_ATTEMPTS = len(BACKOFF) + 1

log = structlog.get_logger("queue")
Item = TypeVar("Item")


class Queued(Model):
    """The base of rows that jobs work on.

    `lease_until` is a time of the database's clock. Until then no job takes the row: another job
    works on it, or its last attempt has failed. `attempts` counts the failures and `last_error` is
    the class of the last one. `given_up_at` (business time) is set by the last failure; then the row
    waits until a person sends it again.
    """

    __abstract__ = True

    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    given_up_at: Mapped[datetime | None]

    @property
    def is_given_up(self) -> bool:
        """Whether no job takes the row before a person sends it again."""
        return self.given_up_at is not None

    def send_again(self) -> None:
        """Gives the row all its attempts anew."""
        self.attempts = 0
        self.lease_until = self.last_error = self.given_up_at = None


class Leased(Queued):
    """A row whose work needs several transactions.

    `fence` rises each time that a job takes the row, so that a job whose lease ran out, and whose
    row another job has taken since, changes nothing.
    """

    __abstract__ = True

    fence: Mapped[int] = mapped_column(default=0)


Row = TypeVar("Row", bound=Queued)
Taken = TypeVar("Taken", bound=Leased)


def is_free(model: type[Queued]) -> ColumnElement[bool]:
    """The rows that a job may take now: no lease runs, and they were not given up."""
    columns = _columns(model)
    is_left = or_(columns.lease_until.is_(None), columns.lease_until <= database_clock())
    return and_(columns.given_up_at.is_(None), is_left)


def free_rows(model: type[Row], *which: ColumnElement[bool]) -> Select[Row]:
    """The free ones among those rows, locked; rows that another transaction holds are left out."""
    return (
        select(model)
        .where(*which, is_free(model))
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )


def _columns(model: type[Queued]) -> Any:
    # Of the table, so that a statement about the table alone stays one.
    return table_of(model).c


def take(row: Leased, lease: timedelta) -> int:
    """Takes a row that `free_rows` has found; returns the fence with which the job holds it."""
    row.fence += 1
    extend(row, lease)
    return row.fence


def extend(row: Leased, lease: timedelta) -> None:
    """The job that holds the row is still at work: its lease begins anew."""
    row.lease_until = database_now() + lease
    session.flush()


def held(model: type[Taken], fence: int, *which: ColumnElement[bool]) -> Taken | None:
    """The row, locked, if no other job has taken it since `take` returned that fence; or None."""
    is_held = _columns(model).fence == fence
    return session.scalars(lock(select(model).where(*which, is_held))).one_or_none()


def fail(row: Queued, error: str) -> bool:
    """Counts a failed attempt of a locked row; returns whether the row is given up now.

    `error` is the class of the failure and holds nothing personal.
    """
    row.attempts += 1
    if row.attempts >= MAX_ATTEMPTS:
        give_up(row, error)
        return True
    row.last_error = error
    row.lease_until = database_now() + BACKOFF[row.attempts - 1]
    session.flush()
    return False


def give_up(row: Queued, error: str) -> None:
    """Leaves a locked row alone until a person sends it again."""
    row.last_error, row.lease_until, row.given_up_at = error, None, now()
    session.flush()
    log.error("queue.given_up", table=row.__tablename__, key=inspect(row).identity, error=error)


def work_together(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], int],
    failed: Callable[[Item, Exception], None],
) -> int:
    """Works on all items in one savepoint; returns the sum of what `work` has returned.

    Where that fails, each half is tried by itself, until the failing item stands alone. Its changes
    are undone, and `failed` notes it in the caller's transaction, or raises to end all of the work.
    """
    if not items:
        return 0
    try:
        with session.begin_nested():
            return work(items)
    except (
        Exception
    ) as broken:  # one bad item must not hold up the others, whatever is bad about it
        if len(items) == 1:
            failed(items[0], broken)
            return 0
    half = len(items) // 2
    return sum(work_together(some, work, failed) for some in (items[:half], items[half:]))


def work_each(
    items: Sequence[Item], work: Callable[[Item], int], failed: Callable[[Item, Exception], None]
) -> int:
    """As `work_together`, but each item has a savepoint of its own from the beginning.

    For work that cannot be repeated in the same session after a rollback, or that takes long.
    """
    return sum(work_together([item], lambda some: work(some[0]), failed) for item in items)
