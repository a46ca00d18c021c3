"""Measures claims while a change of policy is computed again for 100,000 open orders.

`python -m bench.recomputing` fills PostgreSQL, starts two web processes and one job process, and lets
members claim and officers read over eight connections, slice after slice. Some slices are quiet. Then a
new version of the policy of all orders gives them a day less, and some slices run while the deadlines
are computed again. Then some slices are quiet again. It prints the times of claims (medians over the
slices, in brackets the extremes), the ratio of the p99, and how long the recomputation took. If the
recomputation is not finished after its slices, it goes on without load.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from statistics import median

from sqlalchemy import func, select

from app.deadlines.computing.states import Stage
from app.deadlines.standing.behind import Change, affected, behind
from app.deadlines.standing.models import Deadline
from app.deadlines.standing.recomputing import request_recomputation
from app.deadlines.terms.models import DeadlinePolicy
from app.deadlines.terms.surroundings import DEFAULT_POLICY
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.http import App
from bench import district as districts
from bench import environment
from bench.cases import API, REAL_RATE
from bench.district import CLAIMED_EACH, District, Needs
from bench.load import Job
from bench.rounds import check, run_load
from bench.servers import Server, serving, working

WEB, CONNECTIONS = 2, 8
ORDERS, SLICES, SECONDS = 100_000, 6, 10.0
GOAL = 2
# Seconds without progress after which the measurement is given up.
PATIENCE = 60


@dataclass(slots=True)
class Slices:
    """The p50 and p99 of the claims in milliseconds and the claims a second, for each slice."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Town:
    """The running program on its district; the first `claimed` orders of `pool` have been claimed."""

    app: App
    web: Server
    district: District
    pool: list[int]
    claimed: int = 0

    def play(self, into: Slices, seconds: float) -> None:
        """Runs a slice: half of the connections claim, the others read; adds its figures to `into`."""
        members = self.district.members.tokens
        start = self.claimed % len(members)
        common = Job(self.web.port, CONNECTIONS // 2, 0, "GET", [], [])
        claiming = replace(
            common,
            method="POST",
            paths=[f"{API}/{order}/claim" for order in self.pool[self.claimed :]],
            tokens=[*members[start:], *members[:start]],
            body="{}",
            key=f"claim-{self.claimed}",
            most=min(len(self.pool), len(members) * CLAIMED_EACH) - self.claimed,
        )
        reading = replace(
            common,
            paths=[f"{API}/{order}" for order in self.district.readable],
            tokens=self.district.officers.tokens,
        )
        with ThreadPoolExecutor(2) as both:
            claims, reads = both.map(lambda job: run_load(job, seconds), (claiming, reading))
        check("claims", claims)
        check("reads", reads)
        self.claimed += claims.made
        count = len(claims.latencies)
        into.p50.append(claims.latencies[count // 2] * 1000)
        into.p99.append(claims.latencies[count * 99 // 100] * 1000)
        into.rate.append(count / claims.seconds)

    def publish(self) -> Change:
        """Publishes the policy with a day less to solve, and requests the recomputation."""
        with self.app.app_context(), transaction():
            current = session.scalars(
                select(DeadlinePolicy).where(
                    DeadlinePolicy.code == DEFAULT_POLICY,
                    DeadlinePolicy.unit_id.is_(None),
                    DeadlinePolicy.superseded_at.is_(None),
                )
            ).one()
            current.superseded_at = now()
            stages = [
                stage | {"days": stage["days"] - 1} if stage["stage"] == Stage.SOLVE else stage
                for stage in current.stages
            ]
            session.add(
                DeadlinePolicy(
                    code=current.code, name=current.name, stages=stages, created_at=now()
                )
            )
            asked = request_recomputation(Actor.system("bench"), "bench", policy=current.code)
            return Change(asked.id, asked.policy, asked.unit_path, asked.created_at)

    def left(self, change: Change) -> int:
        """The number of orders that wait to be computed again."""
        orders = select(func.count(Deadline.subject_id.distinct())).where(behind(change))
        with self.app.app_context(), transaction(writing=False):
            return session.scalar(orders) or 0

    def check(self, change: Change) -> None:
        """Raises RuntimeError unless all running deadlines have the new version with six days."""
        asked = select(func.count(Deadline.versions.distinct()), func.max(Deadline.target_minutes))
        running = affected(change.policy, change.unit_path)
        with self.app.app_context(), transaction(writing=False):
            versions, longest = session.execute(
                asked.where(running, Deadline.subject_id >= min(self.pool))
            ).one()
        if versions != 1 or longest != 6 * 24 * 60:
            raise RuntimeError(f"{versions} versions run, with up to {longest} minutes to solve")


def main() -> None:
    """Reads the arguments of the command, runs the measurement and prints the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--slices", type=int, default=SLICES, help="of each of the three times")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each slice")
    given = parser.parse_args()
    claims = int(given.seconds * (3 * given.slices + 1) * REAL_RATE / 4)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-bench-")))
        url = stack.enter_context(environment.new_database_of(environment.POSTGRESQL, folder))
        settings = environment.production(url, folder, WEB)
        app = stack.enter_context(environment.app_of(settings))
        needs = Needs(rows=1_000, placings=100, claims=claims, pool=max(given.orders, claims))
        district = districts.found(app, needs)
        districts.grow(app, district, needs)
        environ = environment.of_process(settings)
        web = stack.enter_context(serving("wsgi:app", environ, WEB, folder / "web.log"))
        stack.enter_context(working(environ, folder / "jobs.log"))
        # Shuffled, because people do not claim orders in the order of their ids.
        pool = Random(137).sample(district.pool, len(district.pool))
        _measure(Town(app, web, district, pool), given.slices, given.seconds)


def _measure(town: Town, slices: int, seconds: float) -> None:
    quiet, busy = Slices(), Slices()
    town.play(Slices(), seconds)
    for _ in range(slices):
        town.play(quiet, seconds)
    change, began = town.publish(), time.monotonic()
    total = left = town.left(change)
    for _ in range(slices):
        town.play(busy, seconds)
        left = town.left(change)
        print(f"{time.monotonic() - began:.0f} s: {total - left} of {total} orders", flush=True)
        if not left:
            break
    loaded = time.monotonic() - began, total - left
    _await_end(town, change)
    took = time.monotonic() - began
    town.check(change)
    for _ in range(slices):
        town.play(quiet, seconds)
    _print(quiet, busy)
    print(
        f"{total} orders computed again in {took:.0f} s,"
        f" {loaded[1]} of them in {loaded[0]:.0f} s under load"
    )


def _await_end(town: Town, change: Change) -> None:
    left, moved = town.left(change), time.monotonic()
    while left:
        time.sleep(1)
        still = town.left(change)
        if still < left:
            left, moved = still, time.monotonic()
        elif time.monotonic() - moved > PATIENCE:
            raise RuntimeError(f"{left} orders are not computed again")


def _print(quiet: Slices, busy: Slices) -> None:
    for name, slices in (("quiet", quiet), ("meanwhile", busy)):
        print(
            f"claims, {name}: p50 {_spread(slices.p50)} ms, p99 {_spread(slices.p99)} ms,"
            f" {_spread(slices.rate)} a second, {len(slices.p99)} slices"
        )
    ratio = median(busy.p99) / median(quiet.p99)
    mark = "holds" if ratio <= GOAL else "DOES NOT HOLD"
    print(f"p99 meanwhile by p99 in quiet: {ratio:.2f} (asked ≤ {GOAL}: {mark})")
    print(
        f"{WEB} web processes, 1 of jobs, {CONNECTIONS} connections; {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}"
    )


def _spread(found: list[float]) -> str:
    return f"{median(found):.0f} ({min(found):.0f} – {max(found):.0f})"


if __name__ == "__main__":
    main()
