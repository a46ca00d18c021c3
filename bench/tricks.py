"""Measures what each trick of the fast path gains, in processor time of the program on PostgreSQL.

`python -m bench.tricks --rounds N --each M [TRICK …]` runs the program for each trick with the trick and
without it, in alternating rounds on one database. "Without" means: functions of the program are
replaced, and the answers stay the same. One process switches most tricks on and off. Tricks that work
while the program starts need two processes. The line "nothing" measures no trick; its gain shows how far
the figures can be trusted.
"""

import argparse
import gc
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from psycopg import RawCursor
from sqlalchemy import Executable, Select, bindparam, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from app.kernel.database import db, notes, session
from app.kernel.database.fast import among, kept, plumbing, rows
from app.kernel.schema import Schema
from bench import environment, inside
from bench.cycles import ACTIONS, MOST_CLAIMS, WARM, Crew, Side, fill, play, prepare, ratio, running
from bench.cycles import settings as settings_of
from config import ROOT
from tests.postgres import new_database

NOTHING = "nothing"
_off = False


def _switch(owner: Any, name: str, without: Any) -> None:
    """Puts a function there that calls the trick, or `without` while the trick is switched off."""
    trick = getattr(owner, name)

    def either(*args: Any, **named: Any) -> Any:
        return (without if _off else trick)(*args, **named)

    if isinstance(owner, type):
        setattr(owner, name, either)
        return
    for module, names in [(m, vars(m)) for n, m in list(sys.modules.items()) if n[:4] == "app."]:
        for key in [key for key, value in names.items() if value is trick]:
            setattr(module, key, either)


def _lazy_columns() -> None:
    """Without: the raw cursor describes all columns of each result."""
    lazy: Any = plumbing.Cursor.description
    usual: Any = RawCursor.description
    described: Any = property(lambda cursor: (usual if _off else lazy).fget(cursor))
    plumbing.Cursor.description = described  # type: ignore[method-assign]  # replaced on purpose


def _read_json() -> None:
    """Without: the module json reads all JSON."""
    _switch(plumbing, "read_json", json.loads)


def _kept() -> None:
    """Without: each transaction reads its kept values anew, once."""

    def value(self: kept.Kept[Any]) -> Any:
        asked = notes().setdefault(kept._ASKED, {})
        if self not in asked:
            asked[self] = self._build()
        return asked[self]

    _switch(kept.Kept, "value", value)


def _dumper() -> None:
    """Without: marshmallow dumps all objects."""
    _switch(Schema, "_serialize", Schema.__base__._serialize)  # type: ignore[union-attr]  # replaced on purpose


def _fetch_and_put() -> None:
    """Without: the session runs the statements about tables."""

    def fetch(statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        if session.autoflush:
            session.flush()
        return session.execute(statement, values).all()

    _switch(rows, "fetch", fetch)
    _switch(rows, "put", lambda statement, values: session.execute(statement, values))


def _without_raw_cursor() -> None:
    """SQLAlchemy writes %(name)s, and the driver's usual cursor translates it to $1."""
    make_engine = db._make_engine

    def make(bind_key: str | None, options: dict[str, Any], app: Any) -> Any:
        del options["paramstyle"], options["connect_args"]
        return make_engine(bind_key, options, app)

    db._make_engine = make  # type: ignore[method-assign]  # replaced on purpose


def _without_among() -> None:
    """`IN ($1, $2, …)` takes the place of `= ANY ($1)`."""

    @compiles(among._Among, "postgresql")
    def _in(element: Any, compiler: SQLCompiler, **options: Any) -> str:
        column, values = element.clauses
        listed = bindparam(values.key, expanding=True, type_=values.type.of())
        return compiler.process(column.in_(listed), **options)

    import_module("app.orders.views.lists").among_values = lambda column, values: column.in_(values)  # type: ignore[attr-defined]  # replaced on purpose


def _without_tables() -> None:
    """The session runs the statements of `fetch` as statements about models."""
    mapper = kept.ChangeStamp.__mapper__
    about_models = {"compile_state_plugin": "orm", "plugin_subject": mapper}

    def fetch(statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        if isinstance(statement, Select) and not statement._propagate_attrs:
            statement._set_propagate_attrs(about_models)
        return session.execute(statement, values).all()

    global _off
    _off = True
    _switch(rows, "fetch", fetch)


# Tricks that one process switches on and off, and tricks that a process is started without.
SWITCHED: dict[str, Callable[[], None]] = {
    "lazy columns": _lazy_columns,
    "read_json": _read_json,
    "kept": _kept,
    "dumper": _dumper,
    "fetch and put": _fetch_and_put,
    NOTHING: lambda: None,
}
LEFT_OUT: dict[str, Callable[[], None]] = {
    "raw cursor": _without_raw_cursor,
    "among": _without_among,
    "tables": _without_tables,
}


def _serve(trick: str) -> None:
    """Answers requests as `bench.inside` does; a line `true` or `false` switches the trick off or on."""
    global _off
    (SWITCHED | LEFT_OUT).get(trick, lambda: None)()
    program = import_module("wsgi").app
    for number, line in enumerate(sys.stdin):
        told = json.loads(line)
        if isinstance(told, bool):
            _off = told
            continue
        environs = [inside._environ(*request) for request in told]
        gc.collect()
        if number < 50:
            # What the program keeps for ever need not be looked through at each collection.
            gc.freeze()
        sys.stdout.write(json.dumps([inside._ask(program, environ) for environ in environs]) + "\n")
        sys.stdout.flush()


@dataclass(slots=True)
class Half(Side):
    """The process of another side, with its trick switched off or on."""

    off: bool = False

    def ask(self, requests: Any) -> tuple[float, list[Any]]:
        """The same as `Side.ask`, after the switch."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(self.off) + "\n")
        return Side.ask(self, requests)


def main() -> None:
    """Measures, or is one of the processes that are measured."""
    parser = argparse.ArgumentParser(prog="bench.tricks", description=__doc__)
    every = [*SWITCHED, *LEFT_OUT]
    parser.add_argument("tricks", nargs="*", metavar="TRICK", help=", ".join(every))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--each", type=int, default=10, help="requests of each action a round")
    parser.add_argument("--inside", metavar="TRICK", help="run the program for this trick")
    given = parser.parse_args()
    if given.inside is not None:
        _serve(given.inside)
        return
    if unknown := set(given.tricks) - set(every):
        parser.error(f"no such trick: {', '.join(sorted(unknown))}")
    if 2 * (given.rounds + WARM) * given.each > MOST_CLAIMS:
        parser.error(
            f"rounds and {WARM} to warm up, by requests, must be {MOST_CLAIMS // 2} at most"
        )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-bench-")))
        url = stack.enter_context(environment.new_database_of(environment.POSTGRESQL, folder))
        told = settings_of(url, folder)
        fill(ROOT, told)
        with running("first", ROOT, told, _command(NOTHING)) as first:
            crew = prepare(first)
        print(
            f"processor time of a request in ms, lowest of {given.rounds} rounds of {given.each}:"
        )
        print("with the trick, without it, gain in % of the request (median of the rounds' gains)")
        print(f"| trick | {' | '.join(ACTIONS)} |\n| --- |{' --- |' * len(ACTIONS)}", flush=True)
        for trick in given.tricks or every:
            _measure(trick, told, crew, given.rounds, given.each)


def _command(trick: str) -> list[str]:
    return [sys.executable, "-m", "bench.tricks", "--inside", trick]


def _measure(trick: str, told: Mapping[str, str], crew: Crew, rounds: int, each: int) -> None:
    """Both sides on a copy of the database; the people's tokens hold in the copy too."""
    template = make_url(told["DATABASE_URL"]).database or ""
    with ExitStack() as stack:
        url = stack.enter_context(new_database(f"{template}_copy", template))
        own = {**told, "DATABASE_URL": url}
        crew = replace(crew, claimed=count(), placed=count())
        one = stack.enter_context(running("without", ROOT, own, _command(trick)))
        if trick in SWITCHED:
            on: Side = Half("with", one.process, one.log)
            off: Side = Half("without", one.process, one.log, off=True)
        else:
            on = stack.enter_context(running("with", ROOT, own, _command(NOTHING)))
            off = one
        play([(on, crew), (off, crew)], rounds, each)
    cells = " | ".join(_cell(on, off, action) for action in ACTIONS)
    print(f"| {trick} | {cells} |", flush=True)


def _cell(on: Side, off: Side, action: str) -> str:
    # What the request would cost more without the trick.
    lowest, middle = (100 * (value - 1) for value in ratio(off, on, action))
    return f"{on.lowest(action):.2f}, {off.lowest(action):.2f}, **{lowest:+.1f}** ({middle:+.1f})"


if __name__ == "__main__":
    main()
