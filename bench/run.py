"""`bench/run`: measures the real program against its floor, on PostgreSQL and SQLite; see README."""

import argparse
import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from app.kernel.database import transaction
from bench import district as districts
from bench import environment, teaching
from bench.cases import CASES, needs_of
from bench.environment import POSTGRESQL, SQLITE
from bench.figures import Bench
from bench.floor import FILE
from bench.report import print_report
from bench.servers import capacity, serving

WORKERS = {POSTGRESQL: 2, SQLITE: 1}


def main() -> None:
    """Runs the cases of the arguments and prints the figures; a failed request ends it by an error."""
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--database", choices=(POSTGRESQL, SQLITE, "both"), default="both")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each round")
    parser.add_argument("--rows", type=int, default=1_000_000, help="orders of the past")
    parser.add_argument("--only", default=",".join(CASES), help=", ".join(CASES))
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    wanted = [name for name in given.only.split(",") if name]
    unknown = [name for name in wanted if name not in CASES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(CASES)}")
    kinds = (POSTGRESQL, SQLITE) if given.database == "both" else (given.database,)
    for kind in kinds:
        measure(kind, wanted, given)


def measure(kind: str, wanted: list[str], given: argparse.Namespace) -> None:
    """Measures all wanted cases on one kind of database and prints the report."""
    needs = needs_of(wanted, given.rows, given.rounds, given.seconds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-bench-")))
        url = stack.enter_context(environment.new_database_of(kind, folder))
        settings = environment.production(url, folder, WORKERS[kind])
        app = stack.enter_context(environment.app_of(settings))
        began = time.monotonic()
        district = districts.found(app, needs)
        written = teaching.writes(app, district)
        districts.grow(app, district, needs)
        plan = teaching.plan(app, written, teaching.reads(app, district))
        (folder / "floor.json").write_text(json.dumps(plan), encoding="utf-8")
        print(f"{kind}: {given.rows} orders made in {time.monotonic() - began:.0f} s", flush=True)
        environ = environment.of_process(settings)
        told = environ | {FILE: str(folder / "floor.json")}
        servers = [
            stack.enter_context(serving(target, env, WORKERS[kind], folder / f"{name}.log"))
            for name, target, env in (
                ("real", "wsgi:app", environ),
                ("floor", "bench.floor_app:app", told),
            )
        ]
        connections = min(given.connections, capacity(WORKERS[kind]))
        if connections < given.connections:
            print(f"{kind}: the server keeps {connections} connections; more would wait in vain")
        bench = Bench(
            app, district, given.rows, kind == SQLITE, servers[0], servers[1], connections
        )
        with app.app_context(), transaction(writing=False):
            bench.notes.append(environment.about(kind))
        for name in wanted:
            print(f"{kind}: {name} …", flush=True)
            CASES[name](bench, given.rounds, given.seconds)
        print_report(kind, bench, given.rounds, given.seconds)


if __name__ == "__main__":
    main()
