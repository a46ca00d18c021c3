"""The timetable: every scheduled job on one page."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask

from app.deadlines.door import jobs as deadlines
from app.dispatching import jobs as dispatching
from app.files import jobs as files
from app.identity import jobs as identity
from app.intake import jobs as intake
from app.kernel import database, heartbeat, idempotency, limits, slots
from app.kernel.clock import now
from app.kernel.database import transaction
from app.notifications import jobs as notifications
from app.orders.clockwork import jobs as orders
from app.people import jobs as people
from app.reports import jobs as reports

log = structlog.get_logger("jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job that works through a queue.

    `work()` does one batch in one transaction and returns the number of items done; 0 ends the
    round. A round begins `every` so many seconds. With `in_transaction=False` the work opens its own
    transactions.
    """

    name: str
    work: Callable[[], int]
    every: int
    in_transaction: bool = True


@dataclass(frozen=True, slots=True)
class SlotJob:
    """A scheduled job of the calendar: each slot, such as a week, is done once.

    `slots(moment)` names the slots that are due, missed ones included; it must not name a slot that
    was done more than 400 days ago. `work(slot)` and the mark that the slot is done are one
    transaction. With `in_transaction=False` the work opens its own transactions under a lease
    (`slots.LEASE`); if its process dies or the lease ends, another process does all of it again. A
    round begins `every` so many seconds. See docs/decisions/0011-slots-for-calendar-work.md.
    """

    name: str
    slots: Callable[[datetime], list[str]]
    work: Callable[[str], None]
    every: int = 60
    in_transaction: bool = True


TIMETABLE: tuple[Job, ...] = (
    Job("notifications.deliver", notifications.deliver, every=2),
    Job("deadlines.sweep", deadlines.sweep, every=2),
    Job("deadlines.recompute", deadlines.recompute, every=5),
    Job("orders.lapse_offers", orders.lapse_offers, every=30),
    Job("orders.return_stale", orders.return_stale, every=60),
    Job("orders.call_unclaimed", orders.call_unclaimed, every=60),
    Job("orders.resume_due", orders.resume_due, every=60),
    Job("orders.gather_parts", orders.gather_parts, every=60),
    Job("orders.lapse_requests", orders.lapse_requests, every=60),
    Job("orders.ask_again", orders.ask_again, every=600),
    Job("orders.close_unanswered", orders.close_unanswered, every=600),
    Job("intake.apply_imports", intake.apply_imports, every=5),
    Job("intake.forget_imports", intake.forget_imports, every=600),
    Job("intake.make_exports", intake.make_exports, every=5, in_transaction=False),
    Job("intake.forget_exports", intake.forget_exports, every=600),
    Job("deadlines.fill_calendar", deadlines.fill_calendar, every=3600),
    Job("dispatching.forget_old_runs", dispatching.forget_old_runs, every=3600),
    Job("people.end_expired_roles", people.end_expired_roles, every=600),
    Job("people.leave_closed_units", people.leave_closed_units, every=600),
    Job("files.work_off_removals", files.work_off_removals, every=120),
    Job("files.remove_orphans", files.remove_orphans, every=3600),
    Job("identity.forget_dead_sessions", identity.forget_dead_sessions, every=3600),
    Job("identity.forget_old_failures", identity.forget_old_failures, every=3600),
    Job("notifications.forget_old_messages", notifications.forget_old_messages, every=3600),
    Job("kernel.forget_old_keys", idempotency.forget_old_keys, every=3600),
    Job("kernel.forget_past_limits", limits.forget_past, every=3600),
    Job("kernel.forget_processes", heartbeat.forget_processes, every=3600),
    Job("kernel.forget_old_slots", slots.forget_old, every=3600),
    Job("kernel.empty_log", database.empty_log, every=600, in_transaction=False),
)
CALENDAR: tuple[SlotJob, ...] = (
    SlotJob(
        "reports.make_bulletins",
        reports.bulletin_slots,
        reports.make_bulletins,
        in_transaction=False,
    ),
)
MOST_BATCHES = 200
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def every_job() -> tuple[Job | SlotJob, ...]:
    """All jobs of both kinds: those of queues, then those of the calendar."""
    return (*TIMETABLE, *CALENDAR)


def run_job(app: Flask, job: Job | SlotJob) -> int:
    """Does one round of the job; returns how many items or slots were done.

    A failure ends the round (of a calendar job: the slot) without an exception; it is logged as
    `job.failed` and counted in the table `job_rounds`.
    """
    with app.app_context():
        done, error = _in_batches(job) if isinstance(job, Job) else _by_slots(job)
        try:
            _rounds(app).note(job.name, done, error)
        except Exception as failure:
            log.warning("job.not_noted", job=job.name, error=type(failure).__name__)
    if done:
        log.info("job.done", job=job.name, done=done)
    return done


def _in_batches(job: Job) -> tuple[int, str | None]:
    """Does batch after batch until nothing is left or a batch fails, at most 200 batches.

    Returns how many items were done, and the name of the exception's class if there was one.
    """
    done = 0
    for _ in range(MOST_BATCHES):
        try:
            with transaction() if job.in_transaction else nullcontext():
                batch = job.work()
        except Exception as failure:
            return done, _failed(failure, job=job.name)
        done += batch
        if not batch:
            break
    return done, None


def _by_slots(job: SlotJob) -> tuple[int, str | None]:
    """Does all slots that are due; a failing slot does not stop the others.

    Returns how many slots were done, and the name of the last exception's class if there was one.
    """
    done, error = 0, None
    try:
        with transaction(writing=False):
            due = slots.due_slots(job.name, job.slots(now()))
    except Exception as failure:
        return done, _failed(failure, job=job.name)
    for slot in due:
        try:
            done += _do_slot(job, slot)
        except Exception as failure:
            error = _failed(failure, job=job.name, slot=slot)
    return done, error


def _do_slot(job: SlotJob, slot: str) -> bool:
    fence = None
    try:
        if job.in_transaction:
            with transaction():
                return slots.run_slot(job.name, slot, job.work)
        with transaction():
            fence = slots.take_slot(job.name, slot)
        if fence is None:
            return False
        job.work(slot)
        with transaction():
            return slots.finish_slot(job.name, slot, fence)
    except Exception as failure:
        with transaction():
            slots.fail_slot(job.name, slot, fence, type(failure).__name__)
        raise


def _failed(failure: Exception, **about: str) -> str:
    log.error("job.failed", **about, exc_info=failure)
    return type(failure).__name__


def _rounds(app: Flask) -> heartbeat.Rounds:
    found: heartbeat.Rounds = app.extensions.setdefault("rounds", heartbeat.Rounds())
    return found


def run(app: Flask) -> None:
    """Runs the timetable until SIGTERM or SIGINT, then lets the running rounds finish.

    A second signal ends the process at once.
    """
    scheduler = BackgroundScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    jobs = every_job()
    for job in jobs:
        # Rounds begin at fixed times of the clock: counted from the start of the process, an hourly
        # job would never run in a process that is restarted every half hour.
        trigger = IntervalTrigger(seconds=job.every, start_date=_EPOCH)
        scheduler.add_job(run_job, trigger, args=(app, job), id=job.name)
    stop = _stop_signal()
    with _beating(app):
        scheduler.start()
        log.info("jobs.started", jobs=len(jobs))
        stop.wait()
        log.info("jobs.stopping")
        scheduler.shutdown(wait=True)
        with app.app_context():
            _rounds(app).write()


def _stop_signal() -> threading.Event:
    stop = threading.Event()

    def ask(*_: object) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in SIGNALS:
        signal.signal(number, ask)
    return stop


@contextmanager
def _beating(app: Flask) -> Iterator[None]:
    """Writes heartbeats from a separate thread, so that a process with a long job looks alive."""
    heart, over = heartbeat.Heartbeat(), threading.Event()

    def beat_on() -> None:
        _beat(app, heart.beat)
        while not over.wait(heartbeat.BEAT_SECONDS):
            _beat(app, heart.beat)

    thread = threading.Thread(target=beat_on, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _beat(app, heart.end)


def _beat(app: Flask, say: Callable[[], None]) -> None:
    try:
        with app.app_context(), transaction():
            say()
    except Exception as failure:
        log.warning("jobs.beat_failed", error=type(failure).__name__)
