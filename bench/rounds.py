"""Rounds of load on two servers in turns, and the cost of each round."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median

from bench.load import Job, Result
from bench.servers import Server, cpu_of
from config import ROOT


@dataclass(frozen=True, slots=True)
class Round:
    """One round on one server.

    `rate` is in requests a second; the times are milliseconds for a request; `load_share` is the share
    of the load's own processor time in the seconds of the round.
    """

    rate: float
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float
    load_share: float
    bytes_each: float
    made: int


@dataclass(slots=True)
class Side:
    """One of the two sides that are compared, and its rounds so far.

    `job(made)` returns the next job when that many requests have been made; `pids()` returns the ids
    of the database's processes.
    """

    name: str
    server: Server
    job: Callable[[int], Job]
    pids: Callable[[], list[int]]
    rounds: list[Round] = field(default_factory=list)
    made: int = 0

    def warm_up(self, seconds: float) -> None:
        """Runs a round that does not count."""
        self._play(seconds)

    def play(self, seconds: float) -> None:
        """Runs a round that counts."""
        self.rounds.append(self._play(seconds))

    def middle(self, figure: str) -> float:
        """The median of a figure over the rounds; `figure` is the name of a field of `Round`."""
        return median(self.all_of(figure))

    def all_of(self, figure: str) -> list[float]:
        """The values of a figure, one for each round."""
        return [float(getattr(played, figure)) for played in self.rounds]

    def _play(self, seconds: float) -> Round:
        job = self.job(self.made)
        server, database = self.server.cpu(), cpu_of(self.pids())
        result = run_load(job, seconds)
        server = self.server.cpu() - server
        after = cpu_of(self.pids())
        spent = sum(after[pid] - database.get(pid, 0.0) for pid in after)
        self.made += result.made
        check(self.name, result)
        count = len(result.latencies)
        return Round(
            rate=count / result.seconds,
            p50=result.latencies[count // 2] * 1000,
            p99=result.latencies[count * 99 // 100] * 1000,
            server_cpu=server / count * 1000,
            database_cpu=spent / count * 1000,
            load_share=result.cpu / result.seconds,
            bytes_each=result.received / count,
            made=count,
        )


def in_turns(real: Side, floor: Side, rounds: int, seconds: float) -> None:
    """Warms up both sides, then runs their rounds in turns; the side that begins changes each time."""
    for side in (real, floor):
        side.warm_up(seconds / 2)
    for number in range(rounds):
        for side in (real, floor) if number % 2 == 0 else (floor, real):
            side.play(seconds)


def run_load(job: Job, seconds: float) -> Result:
    """Runs the job for so many seconds in a process of its own; RuntimeError if the process fails."""
    told = json.dumps(asdict(job) | {"seconds": seconds})
    process = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"the load broke: {process.stderr[-2000:]}")
    return Result(**json.loads(process.stdout))


def check(name: str, result: Result) -> None:
    """Raises RuntimeError if a request failed, the requests ran out, or there was no answer."""
    if result.bad:
        raise RuntimeError(f"{name}: {result.bad} of {result.made}: {result.first_bad[:500]}")
    if result.exhausted:
        raise RuntimeError(f"{name}: nothing was left to ask for after {result.made} requests")
    if not result.latencies:
        raise RuntimeError(f"{name}: nothing was answered")
