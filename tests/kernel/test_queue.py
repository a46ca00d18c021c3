"""The queue itself: who takes a row, what a failure costs, and how one bad item stands alone."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, record
from app.kernel.clock import now
from app.kernel.database import database_now, is_sqlite, session, transaction
from app.kernel.http import App
from app.kernel.queue import (
    BACKOFF,
    MAX_ATTEMPTS,
    extend,
    fail,
    free_rows,
    give_up,
    held,
    take,
    work_each,
    work_together,
)
from app.kernel.slots import JobSlot
from tests.conftest import Clock

SYSTEM = Actor.system("tests")
LEASE = timedelta(minutes=7)
SECOND = timedelta(seconds=1)
# How far the database's clock may go on between two statements of a test.
SLACK = timedelta(minutes=5)


def row(slot: str = "a") -> JobSlot:
    """A row of a queue that nobody has taken; slots have all its columns."""
    made = JobSlot(name="tests.queue", slot=slot)
    session.add(made)
    session.flush()
    return made


def free() -> list[str]:
    """The rows that a job may take now."""
    return [found.slot for found in session.scalars(free_rows(JobSlot).order_by(JobSlot.slot))]


def end_lease() -> None:
    """As if enough time had passed."""
    session.execute(update(JobSlot).values(lease_until=database_now() - SECOND))


def test_a_taken_row_is_free_again_when_its_lease_is_over(app: App) -> None:
    """The fence rises with each taking; the lease begins at the database's clock."""
    assert app
    row("b")
    found = row()
    before = database_now()
    assert take(found, LEASE) == 1
    assert found.lease_until is not None
    assert LEASE <= found.lease_until - before < LEASE + SLACK
    assert free() == ["b"]
    end_lease()
    assert free() == ["a", "b"]
    session.refresh(found)
    assert take(found, LEASE) == 2
    assert (found.attempts, found.last_error) == (0, None)


def test_a_lease_is_not_of_the_business_time(app: App, clock: Clock) -> None:
    """Where the business time is years behind, a lease still runs; when it moves, no lease ends."""
    assert app
    clock.set("2020-01-01T00:00:00+08:00")
    take(row(), LEASE)
    fail(row("failed"), "KeyError")
    row("free")
    assert free() == ["free"]
    clock.set("2030-01-01T00:00:00+08:00")
    assert free() == ["free"]


def test_who_works_on_keeps_the_row(app: App) -> None:
    """The lease begins anew with each sign of life."""
    assert app
    found = row()
    take(found, SECOND)
    end_lease()
    session.refresh(found)
    before = database_now()
    extend(found, LEASE)
    assert found.lease_until is not None
    assert LEASE <= found.lease_until - before < LEASE + SLACK
    assert (free(), found.fence) == ([], 1)


def test_only_the_last_to_take_it_holds_it(app: App) -> None:
    """A late one too, as long as no other has come; and only where the row is as the caller says."""
    assert app
    found = row()
    mine = take(found, LEASE)
    end_lease()
    assert held(JobSlot, mine, JobSlot.slot == "a") is found
    other = take(found, LEASE)
    assert held(JobSlot, mine, JobSlot.slot == "a") is None
    assert held(JobSlot, other, JobSlot.slot == "a") is found
    assert held(JobSlot, other, JobSlot.slot == "b") is None


def test_each_failure_waits_longer_and_the_last_is_final(app: App, clock: Clock) -> None:
    """Until somebody sends it again: then it has all its attempts anew, and its fence goes on."""
    assert app
    clock.set("2026-03-02T09:00:00+08:00")
    found = row()
    take(found, LEASE)
    for attempt, pause in enumerate(BACKOFF, start=1):
        before = database_now()
        assert not fail(found, f"Error{attempt}")
        assert found.lease_until is not None
        assert pause <= found.lease_until - before < pause + SLACK
        assert (found.attempts, found.last_error) == (attempt, f"Error{attempt}")
        assert not found.is_given_up
        assert free() == []
        end_lease()
        assert free() == ["a"]
        session.refresh(found)
    assert fail(found, "LastError")
    assert (found.attempts, found.last_error) == (MAX_ATTEMPTS, "LastError")
    assert (found.lease_until, found.given_up_at) == (None, now())
    assert free() == []
    found.send_again()
    assert (found.attempts, found.last_error, found.given_up_at) == (0, None, None)
    assert (free(), found.fence, found.is_given_up) == (["a"], 1, False)
    assert not fail(found, "KeyError")


def test_what_makes_no_sense_is_given_up_at_once(app: App, clock: Clock) -> None:
    """Without counting; the log names table and key."""
    assert app
    clock.set("2026-03-02T09:00:00+08:00")
    found = row()
    with capture_logs() as logged:
        give_up(found, "KeyMissing")
    assert (found.attempts, found.last_error, found.given_up_at) == (0, "KeyMissing", now())
    assert free() == []
    about = {"table": "job_slots", "key": ("tests.queue", "a"), "error": "KeyMissing"}
    assert logged == [{"event": "queue.given_up", "log_level": "error", **about}]


def put(items: Sequence[str]) -> int:
    """The work: a row for each item; "bad" cannot be kept, "odd" fails after it has written."""
    for item in items:
        record(SYSTEM, "tests.put", "item", 1, reason=item)
        if item == "odd":
            raise ZeroDivisionError
        if item == "bad":
            session.add(AuditRow(action="tests.put"))
            session.flush()
    return len(items)


def kept() -> list[str]:
    """What has come of the work, sorted."""
    return sorted(session.scalars(select(AuditRow.reason).where(AuditRow.action == "tests.put")))


class Failures:
    """Notes what has failed, in the same transaction."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str]] = []

    def __call__(self, item: str, broken: Exception) -> None:
        """One item with the kind of its failure."""
        self.noted.append((item, type(broken).__name__))
        record(SYSTEM, "tests.failed", "item", 1, reason=item)


def each(items: Sequence[str], work: Callable[[Any], int], failed: Failures) -> int:
    """`work_each` with work for one."""
    return work_each(items, lambda item: work([item]), failed)


@pytest.mark.parametrize("way", [work_together, each])
@pytest.mark.parametrize("bad", [[], [0], [7], [12], [3, 4], [0, 5, 12], list(range(13))])
def test_each_bad_item_stands_alone(app: App, way: Any, bad: list[int]) -> None:
    """Wherever it stands: the others are done once, its own changes are undone, its note is kept."""
    assert app
    items = [f"item{number:02}" for number in range(13)]
    for place in bad:
        items[place] = "bad" if place % 2 else "odd"
    good = [item for item in items if item.startswith("item")]
    failed = Failures()
    assert way(items, put, failed) == len(good)
    assert kept() == good
    kinds = {"bad": "IntegrityError", "odd": "ZeroDivisionError"}
    assert failed.noted == [(items[place], kinds[items[place]]) for place in bad]
    noted = select(AuditRow.reason).where(AuditRow.action == "tests.failed")
    assert list(session.scalars(noted.order_by(AuditRow.id))) == [items[place] for place in bad]


def test_nothing_is_no_work(app: App) -> None:
    assert app
    assert work_together([], put, Failures()) == 0


def test_a_good_batch_is_worked_in_one_piece_and_a_bad_one_in_few(app: App) -> None:
    """One of 512 costs two pieces a halving, not one an item."""
    assert app
    pieces: list[int] = []

    def work(items: Sequence[str]) -> int:
        pieces.append(len(items))
        return put(items)

    items = [f"item{number}" for number in range(512)]
    assert work_together(items, work, Failures()) == 512
    assert pieces == [512]
    pieces.clear()
    items[300] = "odd"
    assert work_together(items, work, Failures()) == 511
    assert len(pieces) == 1 + 2 * 9


def test_one_after_the_other_is_worked_once(app: App) -> None:
    """Whoever asks for each alone has none of them repeated."""
    assert app
    seen: list[str] = []

    def work(item: str) -> int:
        seen.append(item)
        return put([item])

    items = ["item1", "odd", "item2", "bad", "item3"]
    assert work_each(items, work, Failures()) == 3
    assert seen == items


def test_whoever_notes_the_failure_may_end_all_of_it(committed: App) -> None:
    """The database's own trouble is no item's fault: nothing is kept, not even what was good."""
    assert committed

    def refuse(_: str, broken: Exception) -> None:
        raise broken

    with pytest.raises(IntegrityError), transaction():
        work_together(["item1", "item2", "bad", "item3"], put, refuse)
    with transaction(writing=False):
        assert kept() == []


@pytest.mark.races
def test_rivals_share_the_rows_out(committed: App) -> None:
    """Each row is taken by one of them, none waits for the other, and none trips over it."""
    with transaction():
        for number in range(24):
            row(f"{number:02}")
    start, taken = threading.Barrier(4), []

    def work() -> None:
        with committed.app_context():
            start.wait()
            for _ in range(24):
                with transaction():
                    found = session.scalars(
                        free_rows(JobSlot).order_by(JobSlot.slot).limit(1)
                    ).first()
                    if found is not None:
                        taken.append((found.slot, take(found, LEASE)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(taken) == [(f"{number:02}", 1) for number in range(24)]


@pytest.mark.races
def test_what_another_transaction_holds_is_left_out(committed: App) -> None:
    """PostgreSQL looks past it; on SQLite there is one writer."""
    if is_sqlite():
        pytest.skip("SQLite admits one writer")
    with transaction():
        row("a")
        row("b")
    seen: list[list[str]] = []

    def look() -> None:
        with committed.app_context(), transaction():
            seen.append(free())

    with transaction():
        assert session.scalars(free_rows(JobSlot, JobSlot.slot == "a")).one()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(120)
    assert seen == [["b"]]
