"""Shows how the time of one request is spent: each statement in order, and the rest in Python.

`python -m bench.anatomy place|claim|read|list [--database …] [--rows N]` sends some hundred requests to
the real app, without a web server, and prints the mean time of each statement. With `--profile` it
prints the report of cProfile instead.
"""

import argparse
import cProfile
import pstats
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event

import config
from app import create_app
from app.kernel.database import db
from app.kernel.http import App
from bench import district as districts
from bench import environment
from bench.district import District, Needs
from bench.teaching import PAGE, Client

WARM, ASKED = 40, 200


class Watch:
    """Measures how long the database takes for each statement, commits included.

    `statements` holds the seconds of all requests by the place in the request and the text.
    """

    def __init__(self, app: App) -> None:
        self.statements: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
        self.place = 0
        self._began = 0.0
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", self._before)
            event.listen(db.engine, "after_cursor_execute", self._after)
            # SQLAlchemy has no event around the driver's commit, so the method is wrapped.
            commit = db.engine.dialect.do_commit
            db.engine.dialect.do_commit = self._timed(commit)  # type: ignore[assignment, method-assign]  # only here

    def _before(self, *_: Any) -> None:
        self._began = time.perf_counter()

    def _after(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._note(statement)

    def _timed(self, commit: Callable[[Any], None]) -> Callable[[Any], None]:
        def timed(connection: Any) -> None:
            self._began = time.perf_counter()
            commit(connection)
            self._note("COMMIT")

        return timed

    def _note(self, statement: str) -> None:
        taken = time.perf_counter() - self._began
        self.statements[self.place, " ".join(statement.split())].append(taken)
        self.place += 1


def asks(app: App, district: District, action: str) -> Iterator[Callable[[], Any]]:
    """The requests of the measurement, each as a function that sends it; WARM + ASKED of them."""
    client = Client(app)
    officer, members = district.officers.tokens[0], district.members.tokens[districts.TAUGHT_BY :]
    residents = district.residents.tokens[districts.TAUGHT_BY :]
    for number in range(WARM + ASKED):
        order = district.readable[number % len(district.readable)]
        given: dict[str, tuple[Any, ...]] = {
            "place": ("POST", "/orders", residents[number // 5], district.body, f"key-{number}"),
            "claim": (
                "POST",
                f"/orders/{district.pool[number]}/claim",
                members[number // districts.CLAIMED_EACH],
                {},
                f"key-{number}",
            ),
            "read": ("GET", f"/orders/{order}", officer),
            "list": ("GET", f"/orders?limit={PAGE}", officer),
        }
        yield partial(client.call, *given[action])


def show(app: App, district: District, action: str) -> None:
    """Sends the requests and prints the mean time of each statement in milliseconds."""
    requests = asks(app, district, action)
    for _ in range(WARM):
        next(requests)()
    watch = Watch(app)
    whole = 0.0
    for ask in requests:
        watch.place = 0
        began = time.perf_counter()
        ask()
        whole += time.perf_counter() - began
    database = 0.0
    print(f"{action}: means of {ASKED} requests, one after the other, in milliseconds")
    for (place, statement), taken in sorted(watch.statements.items()):
        mean = sum(taken) / ASKED * 1000
        database += mean
        print(f"{place + 1:3} {mean:7.3f}  {len(taken):4}x  {_short(statement)}")
    print(f"    {database:7.3f}  in {max(p for p, _ in watch.statements) + 1} statements")
    print(f"    {whole / ASKED * 1000 - database:7.3f}  in Python (client's side included)")


def profile(app: App, district: District, action: str) -> None:
    """Sends the requests and prints the report of cProfile."""
    requests = asks(app, district, action)
    for _ in range(WARM):
        next(requests)()
    profiler = cProfile.Profile()
    for ask in requests:
        profiler.runcall(ask)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    pstats.Stats(profiler).sort_stats("cumtime").print_stats(r"app/|sqlalchemy/orm/session", 60)


def _short(statement: str) -> str:
    return statement if len(statement) < 200 else f"{statement[:120]} … {statement[-75:]}"


@contextmanager
def _prepared(kind: str, rows: int) -> Iterator[tuple[App, District]]:
    with tempfile.TemporaryDirectory(prefix="sandan-bench-") as name:
        folder = Path(name)
        with environment.new_database_of(kind, folder) as url:
            app = create_app(config.load(environment.production(url, folder, 1)))
            with app.app_context():
                db.create_all()
            needs = Needs(rows, WARM + ASKED, WARM + ASKED, WARM + ASKED)
            district = districts.found(app, needs)
            districts.grow(app, district, needs)
            try:
                yield app, district
            finally:
                with app.app_context():
                    db.session.remove()
                    db.engine.dispose()


def main() -> None:
    """Reads the arguments of the command, prepares a database and prints the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("place", "claim", "read", "list"))
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with _prepared(given.database, given.rows) as (app, district):
        (profile if given.profile else show)(app, district, given.action)


if __name__ == "__main__":
    main()
