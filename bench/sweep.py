"""Measures the sweep of 1,000 deadlines that have come to a rung, against a loop over ORM objects.

`python -m bench.sweep` makes two PostgreSQL databases of copies of the demo's open orders: in one 100,000
deadlines wait for a rung, in the other 1,000,000. In each round the same 1,000 deadlines have come to
rungs of all kinds, and three ways work them off in turns: the program's job among few deadlines, the
loop among few, the job among many. The job and the loop must leave the same rungs, dates and recipients;
after each way all rows are put back. It prints medians, extremes, and ratios within a round.
"""

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select, text, update

from app.deadlines.computing.clocks import Surroundings
from app.deadlines.computing.ladders import Climb, Rung, ladder
from app.deadlines.door import jobs
from app.deadlines.standing.models import WAITING, Deadline, DeadlineStep
from app.deadlines.terms.surroundings import Here
from app.demo import build
from app.kernel.clock import now
from app.kernel.database import db, session, transaction
from app.kernel.database.fast.rows import table_of
from app.kernel.http import App
from app.notifications.models import OutboxMessage
from app.orders.ticket.models import Order, OrderEvent, OrderEventContent
from bench import environment, seed
from bench.climbing import by_loop, climb_of
from bench.crowd import enrol, follow_sequences
from bench.district import MEMBER, RESIDENT, settle, wechat_person

DUE, ROUNDS = 1_000, 7
FEW, MANY = 100_000, 1_000_000
MEMBERS, RESIDENTS = 300, 1_000
# The starts of a ladder are tried in steps of four hours; 200 steps reach back over any ladder.
_STEP, _STEPS = timedelta(hours=4), 200
# For so long no other rung may come; a measurement is shorter.
_WHILE = timedelta(hours=3)
_ADDED = ("order_event_contents", "order_events", "outbox_messages")
_DEADLINES = table_of(Deadline)
_PUT = (
    update(_DEADLINES)
    .where(_DEADLINES.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in ("counts_since", "due_at", "next_at", "next_step")})
)
State = dict[str, Any]
Outcome = tuple[list[Any], ...]
_LEFT = ("rungs", "waiting rows", "orders", "history", "recipients")


@dataclass
class Town:
    """A database in which `waiting` deadlines wait, and the state of those in `due` before a round."""

    app: App
    waiting: int
    due: list[State]

    def play(self, way: Callable[[], None]) -> tuple[float, Outcome]:
        """The seconds that the way takes for the due deadlines, and the rows that it leaves."""
        with self.app.app_context():
            marks = self._prepare()
            began = time.perf_counter()
            way()
            taken = time.perf_counter() - began
            found = self._outcome(marks["order_events"])
            self._put_back(marks)
        return taken, found

    def _prepare(self) -> dict[str, int]:
        with transaction():
            session.execute(_PUT, self.due)
            return {
                name: session.scalar(text(f"SELECT coalesce(max({_key(name)}), 0) FROM {name}"))
                for name in _ADDED
            }

    def _outcome(self, last_event: int) -> Outcome:
        """The rungs, the next rungs, the orders' watching units, the new history, the recipients."""
        ids = [due["row_id"] for due in self.due]
        asked = (
            select(DeadlineStep.deadline_id, DeadlineStep.step, DeadlineStep.skipped),
            select(Deadline.id, Deadline.next_at, Deadline.next_step).where(Deadline.id.in_(ids)),
            select(Order.id, Order.attention_unit_id, Order.version)
            .join(Deadline, Deadline.subject_id == Order.id)
            .where(Deadline.id.in_(ids)),
            select(
                OrderEvent.order_id,
                OrderEvent.seq,
                OrderEvent.round,
                OrderEvent.unit_id,
                OrderEvent.action,
                OrderEvent.from_status,
                OrderEvent.to_status,
                OrderEvent.visible,
                OrderEventContent.note,
                cast(OrderEventContent.details, Text),
            )
            .join(OrderEventContent, OrderEventContent.event_id == OrderEvent.id)
            .where(OrderEvent.id > last_event),
            select(OutboxMessage.recipient_id).distinct(),
        )
        with transaction(writing=False):
            return tuple(sorted(map(tuple, session.execute(each))) for each in asked)

    def _put_back(self, marks: dict[str, int]) -> None:
        names = [column.name for column in db.metadata.tables["orders"].c if column.name != "id"]
        kept = ", ".join(f"{name} = b.{name}" for name in names)
        with transaction():
            session.execute(text("DELETE FROM deadline_steps"))
            for name, mark in marks.items():
                session.execute(text(f"DELETE FROM {name} WHERE {_key(name)} > {mark}"))
            session.execute(
                text(f"UPDATE orders o SET {kept} FROM bench_orders b WHERE b.id = o.id")
            )
            far = {"next_at": datetime.fromisoformat("2099-01-01T00:00:00+00:00")}
            ids = [due["row_id"] for due in self.due]
            session.execute(update(_DEADLINES).where(_DEADLINES.c.id.in_(ids)).values(far))


def _key(name: str) -> str:
    return "event_id" if name == "order_event_contents" else "id"


@contextmanager
def town(wanted: int) -> Iterator[Town]:
    """Makes a database with about `wanted` waiting deadlines and removes it at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="sandan-bench-") as name,
        environment.new_database_of(environment.POSTGRESQL, Path(name)) as url,
        environment.app_of(environment.production(url, Path(name), 1)) as app,
    ):
        with app.app_context():
            found = Town(app, *_fill(wanted))
            settle()
        yield found


def _fill(wanted: int) -> tuple[int, list[State]]:
    """Copies the demo's open orders until about `wanted` deadlines wait.

    Returns how many wait, and the states of the deadlines that will be due in each round.
    """
    with transaction():
        build.fill()
    with transaction():
        residents = enrol(wechat_person(RESIDENT), RESIDENTS).ids
        members = enrol(wechat_person(MEMBER), MEMBERS).ids
        follow_sequences()
        alone = Deadline.subject_id.in_(seed.originals())
        by_order = select(Deadline.subject_id, func.count().label("waiting")).where(alone, WAITING)
        by_order = by_order.group_by(Deadline.subject_id)
        counts = {row.subject_id: row.waiting for row in session.execute(by_order)}
    originals = sorted(counts)
    count = wanted * len(originals) // sum(counts.values())
    copies = seed.copy_orders(originals, count, range(residents[0], residents[-1] + 1), old=False)
    with transaction():
        waiting = session.scalar(select(func.count()).select_from(Deadline).where(WAITING)) or 0
        orders = range(copies.first, copies.first + count, max(1, count // DUE))[:DUE]
        _hand_out(orders, members)
        here = Here()
        asked = (here.rules, here.calendar, here.quiet)
        around = SimpleNamespace(**{ask.__name__: cache(ask) for ask in asked})
        due = _choose(orders, around)
    return waiting, due


def _hand_out(orders: range, members: list[int]) -> None:
    """Spreads the orders over many members, and keeps a copy of the rows in `bench_orders`."""
    chosen = f"id IN ({', '.join(map(str, orders))})"
    for column in ("holder_id", "offered_to_id"):
        session.execute(
            text(
                f"UPDATE orders SET {column} = {members[0]} + id % {len(members)}"
                f" WHERE {column} IS NOT NULL AND {chosen}"
            )
        )
    session.execute(text(f"CREATE TABLE bench_orders AS SELECT * FROM orders WHERE {chosen}"))


def _choose(orders: range, around: Surroundings) -> list[State]:
    """The state of one waiting deadline of each order, with rungs of all kinds in equal numbers.

    A ladder does not have all kinds of rungs, so the numbers are only nearly equal.
    """
    first = select(func.min(_DEADLINES.c.id)).where(WAITING, _DEADLINES.c.subject_id.in_(orders))
    rows = session.execute(
        select(_DEADLINES).where(_DEADLINES.c.id.in_(first.group_by(_DEADLINES.c.subject_id)))
    )
    moment, given = now(), Counter[str]()
    known: dict[tuple[Any, ...], dict[str, tuple[Climb, Rung]]] = {}
    chosen = []
    for row in rows:
        climb = climb_of(row)
        about = (
            climb.stage,
            climb.versions,
            climb.urgency,
            climb.unit_id,
            climb.due_at - climb.since,
        )
        if about not in known:
            known[about] = _starts_by_rung(climb, moment, around)
        name = min(known[about], key=lambda name: given[name])
        given[name] += 1
        climb, rung = known[about][name]
        chosen.append(
            {
                "row_id": row.id,
                "counts_since": climb.since,
                "due_at": climb.due_at,
                "next_at": rung.at,
                "next_step": rung.name,
            }
        )
    print(f"{sum(given.values())} are due: {dict(given)}", flush=True)
    return chosen


def _starts_by_rung(
    climb: Climb, moment: datetime, around: Surroundings
) -> dict[str, tuple[Climb, Rung]]:
    """By rung: the ladder moved so that this rung has come and no other comes for three hours."""
    found: dict[str, tuple[Climb, Rung]] = {}
    length = climb.due_at - climb.since
    for steps in range(1, _STEPS):
        since = moment - steps * _STEP
        moved = replace(climb, since=since, due_at=since + length)
        rungs = ladder(moved, around)
        passed = [rung for rung in rungs if rung.at <= moment]
        if passed and not any(moment < rung.at <= moment + _WHILE for rung in rungs):
            found.setdefault(passed[-1].name, (moved, passed[-1]))
    return found


def by_sweep() -> None:
    """Works off all due deadlines by the program's job."""
    while True:
        with transaction():
            if not jobs.sweep():
                return


def main() -> None:
    """Reads the arguments of the command, runs the measurement and prints the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--profile", action="store_true", help="one sweep among few by cProfile")
    given = parser.parse_args()
    with town(given.few) as few:
        if given.profile:
            _profile(few)
            return
        with town(given.many) as many:
            _measure(few, many, given.rounds)


def _measure(few: Town, many: Town, rounds: int) -> None:
    ways = {
        f"sweep, {few.waiting:,} waiting": (few, by_sweep),
        f"loop, {few.waiting:,} waiting": (few, by_loop),
        f"sweep, {many.waiting:,} waiting": (many, by_sweep),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        outcomes = []
        for name, (place, way) in ways.items():
            seconds, outcome = place.play(way)
            outcomes.append(outcome)
            # The first round only fills the caches.
            if number:
                taken[name].append(seconds)
        _check(outcomes[0], outcomes[1])
    for name, found in taken.items():
        print(f"{name}: {_spread([1000 * each for each in found], '.0f')} ms")
    sweep, loop, among_many = taken.values()
    faster = [slow / fast for fast, slow in zip(sweep, loop, strict=True)]
    grown = [most / least for least, most in zip(sweep, among_many, strict=True)]
    print(f"loop by sweep: {_spread(faster, '.1f')} (asked ≥ 7)")
    print(f"sweep among many by sweep among few: {_spread(grown, '.2f')} (asked < 1.3)")
    print(f"{rounds} rounds, {DUE} due; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def _check(one: Outcome, other: Outcome) -> None:
    for name, found, expected in zip(_LEFT, one, other, strict=True):
        if not found or found != expected:
            differing = sorted(set(found) ^ set(expected), key=repr)[:4]
            raise RuntimeError(f"not the same {name} left behind: {differing}")


def _spread(found: list[float], form: str) -> str:
    return f"{median(found):{form}} ({min(found):{form}} – {max(found):{form}})"


def _profile(place: Town) -> None:
    place.play(by_sweep)
    profiler = cProfile.Profile()
    seconds, _ = place.play(lambda: profiler.runcall(by_sweep))
    print(f"{seconds * 1000:.0f} ms")
    pstats.Stats(profiler).sort_stats("cumtime").print_stats(60)


if __name__ == "__main__":
    main()
