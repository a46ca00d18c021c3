"""The timetable: every scheduled job on one page."""

import signal
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask

from app.dispatching import jobs as dispatching
from app.files import jobs as files
from app.identity import jobs as identity
from app.intake import jobs as intake
from app.kernel import database, idempotency, limits
from app.kernel.database import transaction
from app.notifications import jobs as notifications
from app.orders import jobs as orders
from app.people import jobs as people

log = structlog.get_logger("jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """`work()` does one batch in one transaction and answers how many it did; 0 ends the round."""

    name: str
    work: Callable[[], int]
    every: int
    in_transaction: bool = True


TIMETABLE = (
    Job("notifications.deliver", notifications.deliver, every=2),
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
    Job("kernel.empty_log", database.empty_log, every=600, in_transaction=False),
)
MOST_BATCHES = 200


def run_job(app: Flask, job: Job) -> int:
    """One round: batch after batch until nothing is left; a failing batch ends the round, logged."""
    done = 0
    with app.app_context():
        for _ in range(MOST_BATCHES):
            try:
                with transaction() if job.in_transaction else nullcontext():
                    batch = job.work()
            except Exception as failure:
                log.error("job.failed", job=job.name, exc_info=failure)
                break
            done += batch
            if not batch:
                break
    if done:
        log.info("job.done", job=job.name, done=done)
    return done


def run(app: Flask) -> None:
    """Runs the timetable until SIGTERM or SIGINT; rounds under way are finished first."""
    scheduler = BackgroundScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in TIMETABLE:
        scheduler.add_job(run_job, IntervalTrigger(seconds=job.every), args=(app, job), id=job.name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler.start()
    log.info("jobs.started", jobs=len(TIMETABLE))
    stop.wait()
    scheduler.shutdown(wait=True)
