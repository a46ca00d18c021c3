"""导出工单: lists as Excel files, small ones at once, large ones by the timetable."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import and_, delete, or_, select

from app.files.queries import attached_ids
from app.files.service import delete_files, keep_document
from app.intake.books import Book
from app.intake.models import Export
from app.intake.policy import may_open_somewhere
from app.intake.queries.columns import TITLES, headings
from app.intake.queries.exporting import (
    SUBJECT,
    Asked,
    asked_of,
    check_may_export,
    get_visible_export,
    mark_of,
    next_rows,
    owner_now,
    waiting_exports,
)
from app.intake.sheets import EXCEL
from app.intake.states import (
    AT_ONCE,
    DRAFT_KEPT,
    EXPORT_KEPT,
    EXPORT_LEASE,
    MOST_EXPORTED,
    MOST_EXPORTS_WAITING,
    OPENED_FIELDS,
    ExportState,
    ExportTemplate,
)
from app.intake.storage import draft_folder, sweep_drafts, touch
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow, audit_values, record
from app.kernel.clock import local_date, now
from app.kernel.database import session, transaction
from app.kernel.database.fast.rows import reserve_ids
from app.kernel.errors import Conflict, Forbidden, Invalid, Refusal
from app.kernel.queue import extend, fail, free_rows, give_up, held, take
from app.orders.views.lists import OrderFilter, count_of_orders
from app.people.queries import audit_unit_of, lock_person

BATCH = 500
_TOO_MANY = f"一次最多导出{MOST_EXPORTED}行，请缩小范围，例如分月导出。"

log = structlog.get_logger("intake")


def request_export(
    actor: Actor,
    *,
    template: ExportTemplate,
    wanted: OrderFilter,
    unmasked: bool = False,
    reason: str | None = None,
    about: str | None = None,
    unit_id: int | None = None,
) -> Export:
    """Up to 500 rows are in a file when this returns; more wait for the timetable.

    The audit names the unit `unit_id`, by default that of the filter; `about` says in Chinese which
    list the ids of the filter are.
    Raises Forbidden `export.not_allowed`, and with `unmasked` Invalid `export.reason_missing` and
    Forbidden `export.reveal_not_allowed`, which is audited too; Invalid `export.too_many`, NotFound
    for an unknown unit in the filter, Conflict `export.too_many_waiting`.
    """
    check_may_export(actor)
    asked = Asked(actor.own_id, template, unmasked, wanted, reason, about)
    _check_unmasked(actor, asked)
    total = count_of_orders(actor, wanted, most=MOST_EXPORTED + 1)
    if total > MOST_EXPORTED:
        raise Invalid("export.too_many", _TOO_MANY)
    export = _kept(actor, asked, total, unit_id or wanted.unit_id)
    if total <= AT_ONCE:
        with _book(asked, mark_of(asked)) as writing:
            while writing.goes_on:
                writing.write(actor, asked)
        _finish(actor, export, writing)
    return export


def _check_unmasked(actor: Actor, asked: Asked) -> None:
    if not asked.unmasked:
        return
    if not asked.reason:
        told = "要看完整的姓名和电话，请写明原因。"
        raise Invalid("export.reason_missing", told, errors={"reason": [told]})
    if not may_open_somewhere(actor):
        denied = audit_values(
            actor,
            "orders.export_denied",
            "export",
            0,
            reason=f"{asked.reason}；{asked.spoken}",
            fields=OPENED_FIELDS,
            unit_id=audit_unit_of(actor.own_id),
        )
        raise Forbidden(
            "export.reveal_not_allowed",
            "您不能查看完整的姓名和电话，请导出隐去的。",
            refusal_rows=[AuditRow(**denied)],
        )


def _kept(actor: Actor, asked: Asked, total: int, unit_id: int | None) -> Export:
    lock_person(actor.own_id)
    if total > AT_ONCE and waiting_exports(actor.own_id) >= MOST_EXPORTS_WAITING:
        raise Conflict("export.too_many_waiting", "您有几个文件还在导出，请等它们完成。")
    (export_id,) = reserve_ids(Export, 1)
    export = Export(
        id=export_id,
        owner_id=actor.own_id,
        template=asked.template,
        unmasked=asked.unmasked,
        asked=asked.sealed(export_id),
        state=ExportState.WAITING,
        total=total,
        created_at=now(),
    )
    session.add(export)
    session.flush()
    record(
        actor,
        "orders.exported",
        "export",
        export_id,
        reason="；".join(part for part in (asked.reason, asked.spoken) if part),
        fields=OPENED_FIELDS if asked.unmasked else (),
        unit_id=unit_id or audit_unit_of(actor.own_id),
    )
    return export


@dataclass(slots=True)
class _Writing:
    """A file on its way: what is in it, and where the next rows begin."""

    book: Book
    folder: Path
    cursor: str | None = None
    goes_on: bool = True
    seen: set[int] = field(default_factory=set)
    content: bytes = b""

    def write(self, actor: Actor, asked: Asked) -> None:
        """One batch; Invalid `export.too_many` where the list has grown too long meanwhile."""
        batch = next_rows(actor, asked, cursor=self.cursor, seen=self.seen, limit=BATCH)
        self.seen |= batch.order_ids
        if len(self.seen) > MOST_EXPORTED:
            raise Invalid("export.too_many", _TOO_MANY)
        for row in batch.rows:
            self.book.add(row)
        self.cursor, self.goes_on = batch.next_cursor, batch.next_cursor is not None
        touch(self.folder)


@contextmanager
def _book(asked: Asked, mark: str | None) -> Iterator[_Writing]:
    """A file in a folder of its own; its content is there when the context ends well."""
    with draft_folder() as folder:
        columns, title = headings(asked.template), TITLES[asked.template]
        with Book(folder, title, columns, mark) as book:
            writing = _Writing(book, folder)
            yield writing
        writing.content = book.content


def _finish(actor: Actor, export: Export, writing: _Writing) -> None:
    """The file and its being done are one: nobody ever sees two, or a half."""
    title = f"{TITLES[export.template]}-{local_date(export.created_at)}"
    subject = (SUBJECT, export.id)
    keep_document(actor, export.owner_id, writing.content, EXCEL, title=title, subject=subject)
    export.finish(len(writing.seen), now() + EXPORT_KEPT)
    session.flush()


@dataclass(frozen=True, slots=True)
class _Work:
    """An export that this job has taken, with the fence that no other job has."""

    export_id: int
    fence: int


class _Lost(Exception):
    """The export is deleted, or another job has taken it over."""


class _Unreadable(Exception):
    """What was asked for cannot be opened, say because its key is missing."""


def work_next(actor: Actor) -> int:
    """Makes the file that has waited longest; answers 1, or 0 where none waits.

    To be called outside a transaction: reading is one a batch, noting the progress another. Whoever
    is killed leaves a lease that ends, and the next one begins anew; only the last one can finish.
    """
    with transaction():
        work = _take()
    if work is None:
        return 0
    try:
        _make(actor, work)
    except _Lost:
        log.info("export.lost")
    except Exception as broken:
        with transaction():
            _note(work, broken)
    return 1


def _take() -> _Work | None:
    waits = Export.state.in_((ExportState.WAITING, ExportState.RUNNING))
    export = session.scalars(free_rows(Export, waits).order_by(Export.id).limit(1)).first()
    if export is None:
        return None
    # The lease of whoever worked on it has run out: a list that is too long may kill each process.
    if export.state is ExportState.RUNNING and _is_given_up(export, "ProcessDied"):
        return _take()
    export.state, export.done = ExportState.RUNNING, 0
    return _Work(export.id, take(export, EXPORT_LEASE))


def _make(actor: Actor, work: _Work) -> None:
    with transaction(writing=False):
        asked = _asked(work)
        mark = mark_of(asked)
    with _book(asked, mark) as writing:
        while writing.goes_on:
            with transaction(writing=False):
                writing.write(owner_now(asked.owner_id), asked)
            with transaction():
                export = _held(work)
                export.done = len(writing.seen)
                export.total = max(export.total, export.done)
                extend(export, EXPORT_LEASE)
    with transaction():
        _finish(actor, _held(work), writing)


def _asked(work: _Work) -> Asked:
    export = session.get(Export, work.export_id)
    if export is None:
        raise _Lost
    try:
        return asked_of(export)
    except Refusal:
        raise
    except Exception as broken:
        raise _Unreadable from broken


def _note(work: _Work, broken: Exception) -> None:
    """Refused: the owner reads why. Unreadable: given up at once. Else it is tried again."""
    try:
        export = _held(work)
    except _Lost:
        log.info("export.lost")
        return
    if isinstance(broken, Refusal):
        export.fail(broken.message)
        return
    log.error("export.not_made", export=work.export_id, exc_info=broken)
    error = type(broken.__cause__ or broken).__name__
    if isinstance(broken, _Unreadable):
        give_up(export, error)
        export.fail("导出没有成功，请重新导出一次。")
    elif not _is_given_up(export, error):
        export.state = ExportState.WAITING


def _is_given_up(export: Export, error: str) -> bool:
    """Counts a failed attempt; after the last one the owner reads that there will be no file."""
    if not fail(export, error):
        return False
    export.fail("导出几次都没有成功，请缩小范围再试。")
    return True


def _held(work: _Work) -> Export:
    running = Export.state == ExportState.RUNNING
    export = held(Export, work.fence, Export.id == work.export_id, running)
    if export is None:
        raise _Lost
    return export


def drop_export(actor: Actor, export_id: int) -> None:
    """Deletes one's own with its file; whoever works on it stops. Raises NotFound."""
    get_visible_export(actor, export_id)
    _delete([export_id])


def forget_exports(actor: Actor, *, limit: int = BATCH) -> int:
    """Deletes a batch of those whose time is over, with their files; answers how many."""
    at = now()
    over = or_(
        Export.expires_at <= at,
        and_(Export.expires_at.is_(None), Export.created_at <= at - EXPORT_KEPT),
    )
    some = list(session.scalars(select(Export.id).where(over).order_by(Export.id).limit(limit)))
    _delete(some)
    sweep_drafts(at - DRAFT_KEPT)
    return len(some)


def erase_exports_of(actor: Actor, person_id: int) -> None:
    """Deletes all of somebody's; first locked, so that none is finished after this."""
    own = select(Export.id).where(Export.owner_id == person_id).order_by(Export.id)
    _delete(list(session.scalars(own.with_for_update())))


def _delete(export_ids: list[int]) -> None:
    if not export_ids:
        return
    locked = select(Export.id).where(Export.id.in_(export_ids)).order_by(Export.id)
    session.execute(locked.with_for_update()).all()
    files = attached_ids(SUBJECT, export_ids)
    delete_files([file_id for ids in files.values() for file_id in ids])
    session.execute(delete(Export).where(Export.id.in_(export_ids)))
