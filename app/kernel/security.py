"""The security log: one line of JSON for each event that an operator must be able to follow.

A line has the time, the event, the id of the person, the address and the id of the request. It never
has content: no name, phone, user name, password or token. The audit is another thing: it tells people
who has seen or changed what of theirs, and stays.
"""

import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import structlog
from flask import Flask, current_app, g, has_request_context, request
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction
from structlog.typing import EventDict

from app.kernel.actor import Actor
from app.kernel.clock import local_date, now, to_local
from app.kernel.database import notes, session

KEPT = timedelta(days=183)
REFUSED = frozenset({401, 403, 429})
# An order may be anonymous, and the line names a person: so no line of a refusal names an order, nor a
# request within one (`rid`).
_LEFT_OUT = frozenset({"order_id", "rid"})
View = TypeVar("View", bound=Callable[..., Any])
_PENDING = "security lines"
# The savepoint in which it happened, the event, and what the line says.
_Pending = tuple[SessionTransaction | None, str, dict[str, Any]]
_log = structlog.get_logger("kernel")


class Lines:
    """Where the lines go: into a file for each day in `folder`, or to standard output (None)."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._out = structlog.PrintLogger()

    def info(self, line: str) -> None:
        """Writes one line; each process may write, since a line is added by one call."""
        if self.folder is None:
            self._out.msg(line)
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{local_date(now())}.log"
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def forget_old(self) -> int:
        """Removes the files of more than six months ago (183 days); answers how many."""
        oldest = str(local_date(now()) - KEPT)
        files = list(self.folder.glob("*.log")) if self.folder else []
        old = [file for file in files if _is_day(file.stem) and file.stem < oldest]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)


def _is_day(name: str) -> bool:
    """Whether a file of the folder has the name that `info` gives; an operator may put others there."""
    try:
        return str(date.fromisoformat(name)) == name
    except ValueError:
        return False


def set_up(app: Flask) -> None:
    """Lets the app write the log to where SECURITY_LOG says: "file" (in DATA_DIR/security) or "stdout"."""
    as_files = app.config["SECURITY_LOG"] == "file"
    lines = Lines(Path(str(app.config["DATA_DIR"])) / "security" if as_files else None)
    app.extensions["security_lines"] = lines
    app.extensions["security_log"] = structlog.wrap_logger(
        lines,
        processors=[_stamped, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )


def forget_old() -> int:
    """Removes this machine's files of more than six months ago; answers how many."""
    lines: Lines = current_app.extensions["security_lines"]
    return lines.forget_old()


def _stamped(_logger: object, _method: str, line: EventDict) -> EventDict:
    head = {"time": to_local(now()).isoformat(timespec="milliseconds"), "logger": "security"}
    return {**head, **line}


def concerns(person_id: int) -> None:
    """Says whom the request is about as long as nobody is logged in: the person of the account."""
    g.concerned = person_id


def watched(view: View) -> View:
    """Decorates a view of which every refusal is a line in the log, not only 401, 403 and 429."""
    view.watched = True  # type: ignore[attr-defined]  # read by `note_answer`
    return view


def note_answer(status: int) -> None:
    """Writes the line `refused` for an answer that refuses; others leave none.

    Refusals of `watched` views count, and those that leave something in the database, such as a wrong
    password.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    heeded = getattr(view, "watched", False) or g.get("refusal_kept", False)
    if status in REFUSED or (400 <= status < 500 and heeded):
        # A text in the path may be a token.
        about: dict[str, Any] = {
            name: one
            for name, one in (request.view_args or {}).items()
            if type(one) is int and name not in _LEFT_OUT
        }
        about |= {"status": status, "code": g.get("problem_code", ""), "endpoint": request.endpoint}
        _write("refused", _who(None) | about)


def note(name: str, actor: Actor | None = None, **about: Any) -> None:
    """Writes a line once the transaction is committed; nothing is written when it is rolled back.

    `about` has ids and codes alone. Without `actor` it is the actor of the request.
    """
    # A session without lines need not ask for them at each commit.
    for moment, listener in (
        ("after_commit", _write_pending),
        ("after_soft_rollback", _drop_undone),
    ):
        event.listen(session(), moment, listener)
    pending: list[_Pending] = notes().setdefault(_PENDING, [])
    pending.append((session().get_nested_transaction(), name, _who(actor) | about))


def _who(actor: Actor | None) -> dict[str, Any]:
    """The person or the job, and the address and the id of the request."""
    found: dict[str, Any] = {}
    if has_request_context():
        actor = actor or g.get("actor")
        found = {"address": request.remote_addr or "", "request_id": g.get("request_id", "")}
        found["person"] = g.get("concerned")
    if actor is not None and actor.person_id is not None:
        found["person"] = actor.person_id
    if actor is not None and actor.system_name:
        found["system"] = actor.system_name
    return found


def _write(name: str, about: dict[str, Any]) -> None:
    try:
        current_app.extensions["security_log"].info(name, **about)
    except OSError as failure:
        # The act is done already; the program's own log says that its line is missing.
        _log.error("security.not_written", missing=name, error=type(failure).__name__)


def _write_pending(into: Session) -> None:
    if not into.in_nested_transaction():
        for _, name, about in notes().pop(_PENDING, ()):
            _write(name, about)


def _drop_undone(_: Session, ended: SessionTransaction) -> None:
    """What was undone with a savepoint leaves no line."""
    pending: list[_Pending] = notes().get(_PENDING, [])
    pending[:] = [line for line in pending if ended not in _around(line[0])]


def _around(inner: SessionTransaction | None) -> Iterator[SessionTransaction]:
    while inner is not None:
        yield inner
        inner = inner.parent
