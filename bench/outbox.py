"""Measures how long messages wait in the outbox while residents place orders.

`python -m bench.outbox` starts the web server and two job processes on PostgreSQL, lets residents place
60 orders a second for five minutes, and reads every second how long the oldest message has waited. It
prints the longest and the median wait, and the number of placed orders.
"""

import argparse
import json
import os
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from app.kernel.database import transaction
from app.kernel.http import App
from app.notifications.queries import count_waiting, longest_wait_seconds
from bench import district as districts
from bench import environment
from bench.cases import API
from bench.district import PLACED_EACH, District, Needs
from bench.load import Job, Result
from bench.rounds import check, run_load
from bench.servers import Server, serving, working

WEB, JOBS, CONNECTIONS = 2, 2, 16
RATE, SECONDS = 60, 300
GOAL = 10


@dataclass(slots=True)
class Waits:
    """A reading each second: how many seconds the oldest message has waited, and how many wait."""

    seconds: list[float] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)

    def look(self, app: App) -> None:
        """Adds a reading."""
        with app.app_context(), transaction(writing=False):
            self.seconds.append(longest_wait_seconds())
            self.messages.append(count_waiting())


def main() -> None:
    """Reads the arguments of the command, runs the measurement and prints the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=RATE, help="orders a second")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-bench-")))
        url = stack.enter_context(environment.new_database_of(environment.POSTGRESQL, folder))
        settings = environment.production(url, folder, WEB)
        app = stack.enter_context(environment.app_of(settings))
        placings = int(given.rate * given.seconds) + PLACED_EACH
        district = districts.found(app, Needs(0, placings, 0, 0))
        environ = environment.of_process(settings)
        web = stack.enter_context(serving("wsgi:app", environ, WEB, folder / "web.log"))
        for number in range(JOBS):
            stack.enter_context(working(environ, folder / f"jobs{number}.log"))
        # The messages of the demo are not part of the measurement, so they are sent first.
        _await_empty(app)
        result, waits = _place(app, web, district, given.rate, given.seconds)
        check("placing", result)
        _await_empty(app)
    _print(result, waits, given.rate)


def _place(
    app: App, web: Server, district: District, rate: float, seconds: float
) -> tuple[Result, Waits]:
    # The last resident has already placed the orders in the pool and would reach the limit of a day.
    tokens = district.residents.tokens[:-1]
    body = json.dumps(district.body, ensure_ascii=False)
    most = len(tokens) * PLACED_EACH
    job = Job(web.port, CONNECTIONS, 0, "POST", [API], tokens, body, "outbox", most, rate)
    waits = Waits()
    with ThreadPoolExecutor(1) as pool:
        placing: Future[Result] = pool.submit(run_load, job, seconds)
        while not placing.done():
            waits.look(app)
            time.sleep(1)
    return placing.result(), waits


def _await_empty(app: App) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with app.app_context(), transaction(writing=False):
            if not count_waiting():
                return
        time.sleep(0.5)
    raise RuntimeError("the outbox does not become empty")


def _print(result: Result, waits: Waits, rate: float) -> None:
    count, longest = len(result.latencies), max(waits.seconds)
    print(
        f"{count} orders placed, {count / result.seconds:.1f} a second of {rate:g} asked for;"
        f" p50 {result.latencies[count // 2] * 1000:.0f} ms,"
        f" p99 {result.latencies[count * 99 // 100] * 1000:.0f} ms"
    )
    print(
        f"oldest message: longest wait {longest:.1f} s (asked ≤ {GOAL}:"
        f" {'holds' if longest <= GOAL else 'DOES NOT HOLD'}), median {median(waits.seconds):.1f} s,"
        f" over {len(waits.seconds)} looks; waiting messages at most {max(waits.messages)},"
        f" median {median(waits.messages):.0f}"
    )
    print(
        f"{WEB} web processes, {JOBS} of jobs, {CONNECTIONS} connections; {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
