"""Counts, while something runs, which of our files are entered and how often the room is changed."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask

import app as program

_ROOT = f"{Path(str(program.__file__)).parent}/"
# They keep a test's transaction apart from the request's; a server sends none of them.
_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO")


class Place(NamedTuple):
    """A function of ours: its room (the first folder below app/), its file below app/, its name."""

    room: str
    file: str
    name: str


@dataclass(slots=True)
class Trace:
    """What one act did.

    `calls` counts calls of our functions by file. `changes` counts the calls of our functions in
    another room than the one of ours that was called just before. `between` counts the calls from a
    function of one room to a function of another, also where a library stands between the two.
    """

    calls: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    between: Counter[tuple[Place, Place]] = field(default_factory=Counter)
    statements: list[str] = field(default_factory=list)
    _last: Place | None = None

    @property
    def figures(self) -> tuple[int, int, int]:
        """Files entered, changes of room, statements."""
        return len(self.calls), self.changes, len(self.statements)

    def enter(self, place: Place, caller: Place | None) -> None:
        """Notes that the function was called, by the nearest function of ours above it if any."""
        self.calls[place.file] += 1
        if caller is not None and caller.room != place.room:
            self.between[caller, place] += 1
        if self._last is not None and self._last.room != place.room:
            self.changes += 1
        self._last = place

    def report(self) -> Iterator[str]:
        """The files with their calls, then the 40 commonest calls between rooms, as lines."""
        yield from (f"{count:5}  {file}" for file, count in self.calls.most_common())
        for (caller, callee), count in self.between.most_common(40):
            yield f"{count:5}  {caller.file} {caller.name} -> {callee.file} {callee.name}"


@cache
def _place(code: CodeType) -> Place | None:
    """Where a function of ours stands; None for a function of others."""
    if not code.co_filename.startswith(_ROOT):
        return None
    file = code.co_filename.removeprefix(_ROOT)
    return Place(file.split("/", 1)[0], file, code.co_qualname)


def _caller(frame: FrameType) -> Place | None:
    above = frame.f_back
    while above is not None:
        if (place := _place(above.f_code)) is not None:
            return place
        above = above.f_back
    return None


@contextmanager
def tracing() -> Iterator[Trace]:
    """Counts what the block does in this thread; one block may not stand inside another."""
    trace = Trace()

    def note_call(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (place := _place(frame.f_code)) is not None:
            trace.enter(place, _caller(frame))

    def note_statement(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith(_SAVEPOINTS):
            trace.statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note_statement)
    sys.setprofile(note_call)
    try:
        yield trace
    finally:
        sys.setprofile(None)
        sa.event.remove(sa.Engine, "before_cursor_execute", note_statement)


@contextmanager
def tracing_requests(served: Flask) -> Iterator[list[Trace]]:
    """One trace for each request that the block sends; what the client does is not counted."""
    traces: list[Trace] = []
    serve = served.wsgi_app

    def traced(*args: Any) -> Any:
        with tracing() as trace:
            answer = serve(*args)
        traces.append(trace)
        return answer

    served.wsgi_app = traced  # type: ignore[method-assign]  # as a middleware is put in place
    try:
        yield traces
    finally:
        served.wsgi_app = serve  # type: ignore[method-assign]  # and taken away
