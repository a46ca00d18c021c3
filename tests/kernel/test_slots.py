"""Slots: each is done once, whoever dies or fails on the way."""

import threading
import time
from contextlib import nullcontext
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from app.jobs import SlotJob, run_job
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, record
from app.kernel.clock import to_local
from app.kernel.database import database_now, db, is_sqlite, session, transaction
from app.kernel.heartbeat import JobRound
from app.kernel.http import App
from app.kernel.queue import BACKOFF, MAX_ATTEMPTS
from app.kernel.slots import (
    LEASE,
    JobSlot,
    SlotState,
    due_slots,
    fail_slot,
    finish_slot,
    forget_old,
    in_state,
    run_slot,
    take_slot,
)
from app.notifications.service import retry_given_up
from tests.conftest import Clock, count

NAME, WEEK = "tests.bulletin", "2026-W47"
SYSTEM = Actor.system("tests")
# How long a rival may take where the machine is busy.
PATIENCE = 120


def publish(slot: str) -> None:
    """The work: a row that says for which slot it was done."""
    record(SYSTEM, "bulletin.published", "bulletin", 1, reason=slot)


def published() -> list[str]:
    """For which slots it was done, sorted."""
    done = select(AuditRow.reason).where(AuditRow.action == "bulletin.published")
    return sorted(session.scalars(done))


def explode(_: str) -> None:
    """Work that fails after it has written."""
    publish(WEEK)
    raise RuntimeError("no paper")


def slot_row() -> JobSlot:
    """The slot as the database has it."""
    asked = select(JobSlot).execution_options(populate_existing=True)
    return session.scalars(asked).one()


def end_lease() -> None:
    """As if enough time had passed."""
    session.execute(update(JobSlot).values(lease_until=database_now() - timedelta(seconds=1)))


def test_a_slot_is_run_once(app: App) -> None:
    assert app
    assert run_slot(NAME, WEEK, publish)
    assert not run_slot(NAME, WEEK, publish)
    assert run_slot(NAME, "2026-W48", publish)
    assert run_slot("tests.other", WEEK, publish)
    assert published() == [WEEK, WEEK, "2026-W48"]


def test_slot_and_work_are_one_transaction(app: App) -> None:
    """What fails leaves no slot behind, and is done the next time."""
    assert app
    with pytest.raises(RuntimeError), transaction():
        run_slot(NAME, WEEK, explode)
    assert count(JobSlot) == 0
    assert published() == []
    assert run_slot(NAME, WEEK, publish)
    assert published() == [WEEK]


def test_a_taken_slot_is_left_alone_until_its_lease_is_over(app: App) -> None:
    assert app
    moment = database_now()
    assert take_slot(NAME, WEEK) == 1
    lease = slot_row().lease_until
    assert lease is not None
    assert timedelta(0) <= lease - moment - LEASE < timedelta(seconds=60)
    assert take_slot(NAME, WEEK) is None
    assert not run_slot(NAME, WEEK, publish)
    assert due_slots(NAME, [WEEK]) == []
    end_lease()
    assert due_slots(NAME, [WEEK]) == [WEEK]
    assert take_slot(NAME, WEEK) == 2


def test_only_the_holder_of_the_fence_finishes(app: App) -> None:
    """Whoever was overtaken neither finishes nor fails what is another's now."""
    assert app
    old = take_slot(NAME, WEEK)
    assert old is not None
    end_lease()
    new = take_slot(NAME, WEEK)
    assert new is not None
    assert not finish_slot(NAME, WEEK, old)
    fail_slot(NAME, WEEK, old, "RuntimeError")
    row = slot_row()
    assert (row.state, row.attempts, row.last_error) == (SlotState.OPEN, 0, None)
    assert finish_slot(NAME, WEEK, new)
    assert not finish_slot(NAME, WEEK, new)
    assert slot_row().state is SlotState.DONE
    end_lease()
    assert take_slot(NAME, WEEK) is None
    assert not run_slot(NAME, WEEK, publish)


def test_the_holder_may_finish_late(app: App) -> None:
    """As long as nobody has taken over."""
    assert app
    fence = take_slot(NAME, WEEK)
    assert fence is not None
    end_lease()
    assert finish_slot(NAME, WEEK, fence)


@pytest.mark.parametrize("is_leased", [True, False])
def test_five_failures_are_the_end_until_it_is_sent_again(app: App, is_leased: bool) -> None:
    """With growing pauses in between; afterwards it has all its attempts anew."""
    assert app
    for attempt in range(MAX_ATTEMPTS):
        assert due_slots(NAME, [WEEK]) == [WEEK]
        moment = database_now()
        fail_slot(NAME, WEEK, take_slot(NAME, WEEK) if is_leased else None, "RuntimeError")
        row = slot_row()
        assert (row.attempts, row.last_error) == (attempt + 1, "RuntimeError")
        assert due_slots(NAME, [WEEK]) == []
        if attempt < len(BACKOFF):
            assert row.lease_until is not None
            late = row.lease_until - moment - BACKOFF[attempt]
            assert timedelta(0) <= late < timedelta(seconds=30)
            end_lease()
    assert (row.state, row.lease_until) == (SlotState.GIVEN_UP, None)
    assert take_slot(NAME, WEEK) is None
    assert not run_slot(NAME, WEEK, publish)
    retry_given_up(SYSTEM, "slot", f"{NAME}:{WEEK}")
    again = slot_row()
    assert (again.state, again.attempts, again.last_error) == (SlotState.OPEN, 0, None)
    # Also where the job no longer asks for it.
    assert due_slots(NAME, []) == [WEEK]
    assert run_slot(NAME, WEEK, publish)
    assert slot_row().state is SlotState.DONE


def test_what_is_done_does_not_fail_afterwards(app: App) -> None:
    """A rival has done it between the failure and its note."""
    assert app
    assert run_slot(NAME, WEEK, publish)
    fail_slot(NAME, WEEK, None, "RuntimeError")
    assert slot_row().attempts == 0


def test_states_are_selected_as_they_are_told(app: App) -> None:
    assert app
    run_slot(NAME, "done", publish)
    take_slot(NAME, "open")
    for _ in range(MAX_ATTEMPTS):
        fail_slot(NAME, "given_up", None, "RuntimeError")
    for state in SlotState:
        (row,) = session.scalars(select(JobSlot).where(in_state(state)))
        assert row.slot == row.state == state


def test_old_slots_are_forgotten(app: App, clock: Clock) -> None:
    """Those done more than 400 days ago; not those that were never done."""
    assert app
    clock.set("2026-01-01T09:00:00+08:00")
    run_slot(NAME, "old", publish)
    take_slot(NAME, "not done")
    clock.set("2026-01-02T09:00:00+08:00")
    run_slot(NAME, "younger", publish)
    clock.set("2027-02-05T09:00:00+08:00")
    assert forget_old() == 0
    clock.set("2027-02-05T09:00:01+08:00")
    assert forget_old() == 1
    assert forget_old() == 0
    assert sorted(session.scalars(select(JobSlot.slot))) == ["not done", "younger"]


def weeks() -> SlotJob:
    """A bulletin each Monday; four weeks are caught up with."""

    def slots(moment: datetime) -> list[str]:
        days = [to_local(moment) - timedelta(weeks=back) for back in range(3, -1, -1)]
        return [f"{day:%G-W%V}" for day in days]

    return SlotJob(NAME, slots, publish)


def test_a_tick_does_what_is_due_and_what_was_missed(committed: App, clock: Clock) -> None:
    """By the business time, each once."""
    clock.set("2026-11-18T09:00:00+08:00")
    assert run_job(committed, weeks()) == 4
    assert run_job(committed, weeks()) == 0
    clock.set("2026-11-29T23:59:59+08:00")
    assert run_job(committed, weeks()) == 1
    clock.set("2026-12-14T00:00:00+08:00")
    assert run_job(committed, weeks()) == 3
    with transaction(writing=False):
        assert published() == [f"2026-W{week}" for week in range(44, 52)]


@pytest.mark.parametrize("in_transaction", [True, False])
def test_a_failing_slot_holds_up_no_other(committed: App, in_transaction: bool) -> None:
    """It is logged and counted, tried again later, and given up at last."""

    def work(slot: str) -> None:
        if slot == WEEK:
            raise RuntimeError("no paper")
        if in_transaction:
            publish(slot)
        else:
            with transaction():
                publish(slot)

    job = SlotJob(NAME, lambda _: [WEEK, "2026-W48"], work, in_transaction=in_transaction)
    assert run_job(committed, job) == 1
    assert run_job(committed, job) == 0
    for _ in range(MAX_ATTEMPTS):
        with transaction():
            session.execute(update(JobSlot).values(lease_until=None))
        run_job(committed, job)
    with transaction(writing=False):
        assert published() == ["2026-W48"]
        (given_up,) = session.scalars(select(JobSlot).where(in_state(SlotState.GIVEN_UP)))
        assert (given_up.slot, given_up.attempts, given_up.last_error) == (
            WEEK,
            MAX_ATTEMPTS,
            "RuntimeError",
        )
        noted = session.scalars(select(JobRound)).one()
        assert (noted.name, noted.failures) == (NAME, MAX_ATTEMPTS)


@pytest.mark.parametrize("in_transaction", [True, False])
def test_what_another_has_taken_meanwhile_is_left_to_it(
    committed: App, in_transaction: bool
) -> None:
    """The tick has asked what is due before the other came."""
    worked: list[str] = []

    def work(slot: str) -> None:
        worked.append(slot)
        with nullcontext() if in_transaction else transaction():
            take_slot(NAME, "2026-W48")

    job = SlotJob(NAME, lambda _: [WEEK, "2026-W48"], work, in_transaction=in_transaction)
    assert run_job(committed, job) == 1
    assert worked == [WEEK]


def test_who_is_overtaken_has_done_nothing(committed: App) -> None:
    """The lease ran out during the work, and another holds the slot now."""

    def work(slot: str) -> None:
        with transaction():
            end_lease()
            assert take_slot(NAME, slot) == 2

    assert run_job(committed, SlotJob(NAME, lambda _: [WEEK], work, in_transaction=False)) == 0
    with transaction(writing=False):
        row = slot_row()
        assert (row.state, row.fence, row.attempts) == (SlotState.OPEN, 2, 0)


def test_a_failing_calendar_is_counted(committed: App) -> None:
    """The question itself may be wrong."""

    def slots(_: object) -> list[str]:
        raise KeyError("unit")

    assert run_job(committed, SlotJob(NAME, slots, publish)) == 0
    with transaction(writing=False):
        noted = session.scalars(select(JobRound)).one()
        assert (noted.failures, noted.last_error) == (1, "KeyError")


def rival(app: App, act: str, answers: list[object]) -> threading.Thread:
    """Another session that wants the same slot."""

    def want() -> None:
        with app.app_context(), transaction():
            run = act == "run"
            answers.append(run_slot(NAME, WEEK, publish) if run else take_slot(NAME, WEEK))

    thread = threading.Thread(target=want)
    thread.start()
    return thread


def until_it_waits() -> None:
    """Until the other session stands at a lock; SQLite's writers stand in line before they begin."""
    if is_sqlite():
        return
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + PATIENCE
    found = 0
    while not found:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        with db.engine.connect() as connection:
            found = connection.scalar(waiting) or 0


@pytest.mark.races
@pytest.mark.parametrize("act", ["run", "take"])
def test_a_rival_waits_and_then_leaves_it(committed: App, act: str) -> None:
    """Two sessions at once: the second learns of the first only when that one has committed."""
    answers: list[object] = []
    with transaction():
        mine = run_slot(NAME, WEEK, publish) if act == "run" else take_slot(NAME, WEEK)
        thread = rival(committed, act, answers)
        until_it_waits()
        assert answers == []
    thread.join(PATIENCE)
    assert mine == 1
    assert answers == [False if act == "run" else None]
    with transaction(writing=False):
        assert count(JobSlot) == 1
        assert published() == [WEEK] * (act == "run")


@pytest.mark.races
def test_a_rival_does_what_the_first_has_rolled_back(committed: App) -> None:
    answers: list[object] = []
    with pytest.raises(RuntimeError), transaction():
        run_slot(NAME, WEEK, publish)
        thread = rival(committed, "run", answers)
        until_it_waits()
        raise RuntimeError("killed")
    thread.join(PATIENCE)
    assert answers == [True]
    with transaction(writing=False):
        assert published() == [WEEK]


@pytest.mark.races
@pytest.mark.parametrize("act", ["run", "take"])
def test_many_rivals_and_one_does_it(committed: App, act: str) -> None:
    answers: list[object] = []
    threads = [rival(committed, act, answers) for _ in range(8)]
    for thread in threads:
        thread.join(PATIENCE)
    assert len(answers) == 8
    assert len([answer for answer in answers if answer]) == 1
    with transaction(writing=False):
        assert published() == [WEEK] * (act == "run")


@pytest.mark.races
def test_it_is_the_key_that_keeps_rivals_apart(committed: App) -> None:
    """Without it both do the work, and neither fails: so the tests above see what they are for."""
    if is_sqlite():
        pytest.skip("SQLite admits one writer, and takes no key away")
    with transaction():
        session.execute(text("ALTER TABLE job_slots DROP CONSTRAINT pk_job_slots"))
    try:
        answers: list[object] = []
        with transaction():
            assert run_slot(NAME, WEEK, publish)
            rival(committed, "run", answers).join(PATIENCE)
        assert answers == [True]
        with transaction(writing=False):
            assert published() == [WEEK, WEEK]
            assert session.scalar(select(func.count()).select_from(JobSlot)) == 2
    finally:
        with transaction():
            session.execute(text("DELETE FROM job_slots"))
            session.execute(
                text("ALTER TABLE job_slots ADD CONSTRAINT pk_job_slots PRIMARY KEY (name, slot)")
            )
