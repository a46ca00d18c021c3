"""Measures what each trick of the fast path gains, in processor time of the program on PostgreSQL.

`python -m bench.tricks --rounds N --each M [TRICK …]` fills one database with the demo and copies it.
One process runs the program as it is. For each trick one more process runs the program without this
trick (`among+kept`: without both): functions of the program are replaced before it starts, and the
answers stay the same. A last process runs the program as it is once more; its "gain" shows how far
the figures can be trusted.
All processes place, claim, read and list in turn, on a copy of the database each.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from flask_sqlalchemy.session import _app_ctx_id
from sqlalchemy import Executable, Select, bindparam, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

import app.kernel.database as database
from app.kernel.database import Model, db, notes, session
from app.kernel.database.fast import among, kept, plumbing, rows
from app.kernel.schema import Schema
from bench import environment, inside
from bench.cycles import ACTIONS, MOST_CLAIMS, WARM, Crew, Side, fill, play, prepare, ratio, running
from bench.cycles import settings as settings_of
from config import ROOT
from tests.postgres import new_database

AS_IT_IS, AGAIN = "as it is", "as it is, again"


def _without_get_bind() -> None:
    """The session of Flask-SQLAlchemy looks for the engine at each statement."""
    del plumbing.OneDatabase.get_bind


def _without_scope() -> None:
    """The function of Flask-SQLAlchemy reads the app context through a proxy."""
    db.session.registry.scopefunc = _app_ctx_id


def _without_raw_cursor() -> None:
    """SQLAlchemy writes %(name)s, and the driver's usual cursor translates it to $1."""
    make_engine = db._make_engine

    def make(bind_key: str | None, options: dict[str, Any], app: Any) -> Any:
        del options["paramstyle"], options["connect_args"]
        return make_engine(bind_key, options, app)

    db._make_engine = make  # type: ignore[method-assign]


def _without_lazy_columns() -> None:
    """The raw cursor describes all columns of each result."""
    del plumbing.Cursor.description


def _without_read_json() -> None:
    """All JSON is read by the module json."""
    database.read_json = json.loads  # type: ignore[attr-defined, assignment]


def _without_among() -> None:
    """`IN ($1, $2, …)` takes the place of `= ANY ($1)`."""

    @compiles(among._Among, "postgresql")
    def _in(element: Any, compiler: SQLCompiler, **options: Any) -> str:
        column, values = element.clauses
        listed = bindparam(values.key, expanding=True, type_=values.type.of())
        return compiler.process(column.in_(listed), **options)

    _replace(among.among_values, lambda column, values: column.in_(list(values)))


def _without_kept() -> None:
    """Each transaction reads its kept values anew, once."""

    def value(self: kept.Kept[Any]) -> Any:
        asked = notes().setdefault(kept._ASKED, {})
        if self not in asked:
            asked[self] = self._build()
        return asked[self]

    kept.Kept.value = value  # type: ignore[method-assign]


def _without_dumper() -> None:
    """marshmallow dumps all objects."""
    del Schema._serialize


def _without_fetch_and_put() -> None:
    """The session runs the statements about tables."""

    def fetch(statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        if session.autoflush:
            session.flush()
        return session.execute(statement, values).all()

    _replace(rows.fetch, fetch)
    _replace(rows.put, lambda statement, values: session.execute(statement, values))


def _without_tables() -> None:
    """The session runs the statements of `fetch` as statements about models."""
    mapper = kept.ChangeStamp.__mapper__
    about_models = {"compile_state_plugin": "orm", "plugin_subject": mapper}

    def fetch(statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        if isinstance(statement, Select) and not statement._propagate_attrs:
            statement._set_propagate_attrs(about_models)
        return session.execute(statement, values).all()

    _replace(rows.fetch, fetch)


def _without_insert_row() -> None:
    """The session inserts the row with a flush."""

    def insert_row(row: Model) -> None:
        session.add(row)
        session.flush()

    _replace(rows.insert_row, insert_row)


TRICKS: dict[str, Callable[[], None]] = {
    "get_bind": _without_get_bind,
    "scope": _without_scope,
    "raw cursor": _without_raw_cursor,
    "lazy columns": _without_lazy_columns,
    "read_json": _without_read_json,
    "among": _without_among,
    "kept": _without_kept,
    "dumper": _without_dumper,
    "fetch and put": _without_fetch_and_put,
    "tables": _without_tables,
    "insert_row": _without_insert_row,
}


def _replace(old: Any, new: Any) -> None:
    """Puts `new` where a module of the program has imported `old`."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "app":
            for key, value in list(vars(module).items()):
                if value is old:
                    setattr(module, key, new)


def main() -> None:
    """Measures, or is one of the processes that are measured."""
    parser = argparse.ArgumentParser(prog="bench.tricks", description=__doc__)
    parser.add_argument("tricks", nargs="*", metavar="TRICK", help=", ".join(TRICKS))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--each", type=int, default=10, help="requests of each action a round")
    parser.add_argument("--inside", metavar="TRICK", help="run the program without this trick")
    given = parser.parse_args()
    if given.inside is not None:
        for name in given.inside.split("+"):
            TRICKS.get(name, lambda: None)()
        inside.main()
        return
    unknown = {name for side in given.tricks for name in side.split("+")} - TRICKS.keys()
    if unknown:
        parser.error(f"no such trick: {', '.join(sorted(unknown))}")
    if (given.rounds + WARM) * given.each > MOST_CLAIMS:
        parser.error(f"rounds and {WARM} to warm up, by requests, must be {MOST_CLAIMS} at most")
    _measure(given.tricks or list(TRICKS), given.rounds, given.each)


def _measure(tricks: Sequence[str], rounds: int, each: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-bench-")))
        url = stack.enter_context(environment.new_database_of(environment.POSTGRESQL, folder))
        told = settings_of(url, folder)
        fill(ROOT, told)
        with running("first", ROOT, told, _command(AS_IT_IS)) as first:
            crew = prepare(first)
        names = [AS_IT_IS, *tricks, AGAIN]
        sides = [_started(stack, name, told, crew) for name in names]
        play(sides, rounds, each)
        by_name = {side.name: side for side, _ in sides}
        _print(by_name, rounds, each)


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "bench.tricks", "--inside", name]


def _started(stack: ExitStack, name: str, told: Mapping[str, str], crew: Crew) -> tuple[Side, Crew]:
    """A process on a copy of the database; the people's tokens hold in the copy too."""
    template = make_url(told["DATABASE_URL"]).database or ""
    copied = f"{template}_{name}".replace(" ", "_").replace(",", "")
    url = stack.enter_context(new_database(copied, template))
    side = running(name, ROOT, {**told, "DATABASE_URL": url}, _command(name))
    return stack.enter_context(side), replace(crew, claimed=count(), placed=count())


def _print(sides: Mapping[str, Side], rounds: int, each: int) -> None:
    base = sides[AS_IT_IS]
    print(f"processor time of a request in ms, lowest of {rounds} rounds of {each} in turns;")
    print("each cell: with the trick, without it, gain in % of the request (of the rounds' median)")
    print(f"| without | {' | '.join(ACTIONS)} |")
    print(f"| --- |{' --- |' * len(ACTIONS)}")
    for name, side in sides.items():
        if name != AS_IT_IS:
            cells = " | ".join(_cell(base, side, action) for action in ACTIONS)
            print(f"| {name} | {cells} |", flush=True)


def _cell(base: Side, side: Side, action: str) -> str:
    # The gain in percent of the request as it is: what it would cost more without the trick.
    lowest, middle = (100 * (value - 1) for value in ratio(side, base, action))
    shown = f"**{lowest:+.1f}** ({middle:+.1f})"
    return f"{base.lowest(action):.2f}, {side.lowest(action):.2f}, {shown}"


if __name__ == "__main__":
    main()
