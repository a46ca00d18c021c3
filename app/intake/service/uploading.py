"""Files that staff upload: kept sealed row by row, entered by a job, gone after a day."""

import json
from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy import and_, delete, func, insert, or_, select, update

from app.intake.mappings import ImportMapping, shipped_mapping
from app.intake.models import Import, ImportRow
from app.intake.queries.importing import (
    Preview,
    get_visible_import,
    headings_of,
    line_of,
    unit_for,
    waiting_of,
)
from app.intake.service.importing import enter_lines
from app.intake.sheets import Line
from app.intake.states import BATCH, KEPT, MOST_WAITING, ImportState
from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.clock import now
from app.kernel.crypto import seal
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import reserve_ids, table_of
from app.kernel.errors import Conflict
from app.kernel.queue import fail, free_rows, give_up, work_each
from app.organisation.tables import Fault
from app.people.queries import lock_person

log = structlog.get_logger("intake")


def keep_upload(actor: Actor, read: Preview) -> Import:
    """Keeps a file that has been read, for a day; nothing is entered yet.

    Raises what `unit_for` raises, and Conflict `import.too_many_waiting`.
    """
    unit = unit_for(actor, read.unit_id)
    lock_person(actor.own_id)
    if waiting_of(actor.own_id, [ImportState.CHECKED, ImportState.APPLYING]) >= MOST_WAITING:
        raise Conflict(
            "import.too_many_waiting", "您有几个文件还没有导入，请先导入或删除，再传新的。"
        )
    kept = Import(
        unit_id=unit.id,
        uploaded_by_id=actor.own_id,
        uploaded_at=now(),
        mapping=read.mapping,
        headings="",
        state=ImportState.CHECKED,
        rows=len(read.good) + len(read.rejected),
        good=len(read.good),
        bad=len(read.rejected),
        known=read.known,
    )
    session.add(kept)
    session.flush()
    kept.headings = seal(json.dumps(read.headings), f"imports.headings:{kept.id}")
    session.flush()
    _keep_rows(kept, [(line, None) for line in read.good])
    _keep_rows(kept, read.rejected)
    return kept


def _keep_rows(kept: Import, rows: Sequence[tuple[Line, Sequence[Fault] | None]]) -> None:
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        values = [
            {
                "id": row_id,
                "import_id": kept.id,
                "row": line.row,
                "cells": seal(json.dumps(line.cells), f"import_rows.cells:{row_id}"),
                "faults": None if faults is None else _sealed(faults, row_id),
            }
            for row_id, (line, faults) in zip(reserve_ids(ImportRow, len(some)), some, strict=True)
        ]
        session.execute(insert(table_of(ImportRow)), values)


def _sealed(faults: Iterable[Fault], row_id: int) -> str:
    told = [(fault.column, fault.message) for fault in faults]
    return seal(json.dumps(told), f"import_rows.faults:{row_id}")


def apply_upload(actor: Actor, import_id: int) -> Import:
    """Has the good rows entered by the next round of the job; a second time changes nothing.

    Raises NotFound, Conflict `import.expired`.
    """
    get_visible_import(actor, import_id)
    kept = _locked(import_id)
    if kept.state is ImportState.EXPIRED:
        raise Conflict("import.expired", "上传已超过一天，内容已删除，请重新上传。")
    if kept.state is ImportState.CHECKED:
        kept.apply(now())
        session.flush()
        told = f"{kept.mapping}，{kept.good}行"
        record(actor, "orders.imported", "import", kept.id, reason=told, unit_id=kept.unit_id)
    return kept


def drop_upload(actor: Actor, import_id: int) -> None:
    """Deletes an import with all its rows; what has been entered stays.

    Raises NotFound, Conflict `import.applying`.
    """
    get_visible_import(actor, import_id)
    kept = _locked(import_id)
    if kept.state is ImportState.APPLYING:
        raise Conflict("import.applying", "正在导入，请等它完成后再删除。")
    session.execute(delete(ImportRow).where(ImportRow.import_id == kept.id))
    session.delete(kept)
    session.flush()


def _locked(import_id: int) -> Import:
    return session.scalars(lock(select(Import).where(Import.id == import_id))).one()


def apply_next(actor: Actor, *, limit: int = BATCH) -> int:
    """Enters a batch of the import that has waited longest; answers how many rows, 0 for none.

    All of it is in the caller's transaction: whoever is killed has done nothing, and the next call
    does it again. An import that fails lets the others pass.
    """
    applying = free_rows(Import, Import.state == ImportState.APPLYING)
    kept = session.scalars(applying.order_by(Import.applied_at, Import.id).limit(1)).first()
    if kept is None:
        return 0
    # The import itself counts as well, so that the round goes on to the next.
    return work_each([kept], lambda one: _enter_some(actor, one, limit), _put_back) or 1


def _enter_some(actor: Actor, kept: Import, limit: int) -> int:
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == kept.id, ImportRow.faults.is_(None))
        .order_by(ImportRow.row)
        .limit(limit)
    ).all()
    if rows:
        _enter(actor, kept, rows)
    if len(rows) < limit:
        kept.finish(now())
    session.flush()
    return len(rows)


def _put_back(kept: Import, broken: Exception) -> None:
    """Unreadable: given up at once. Else it is tried again."""
    log.error("import.not_entered", import_id=kept.id, exc_info=broken)
    error = type(broken.__cause__ or broken).__name__
    if isinstance(broken, _Unreadable):
        give_up(kept, error)
    if kept.is_given_up or fail(kept, error):
        kept.fail(now())


class _Unreadable(Exception):
    """The mapping is gone, or what was sealed cannot be opened."""


def _opened(kept: Import, rows: Sequence[ImportRow]) -> tuple[ImportMapping, list[str], list[Line]]:
    try:
        return shipped_mapping(kept.mapping), headings_of(kept), [line_of(row) for row in rows]
    except OSError:
        # The machine's trouble, not the file's: it is tried again.
        raise
    except Exception as broken:
        raise _Unreadable from broken


def _enter(actor: Actor, kept: Import, rows: Sequence[ImportRow]) -> None:
    mapping, headings, lines = _opened(kept, rows)
    entered = enter_lines(actor, mapping, kept.unit_id, headings, lines, {})
    bad = {line.row: faults for line, faults in entered.rejected}
    for row in rows:
        if row.row in bad:
            row.faults = _sealed(bad[row.row], row.id)
    good = [row.id for row in rows if row.row not in bad]
    session.execute(delete(ImportRow).where(ImportRow.id.in_(good)))
    kept.added += entered.added
    kept.known += entered.known
    kept.rejected += len(bad)


def forget_rows(actor: Actor, *, limit: int = BATCH) -> int:
    """Deletes a batch of rows whose day is over, entered or not; answers how many."""
    before = now() - KEPT
    waiting = Import.state.in_((ImportState.CHECKED, ImportState.APPLYING))
    late = func.coalesce(Import.applied_at, Import.uploaded_at) <= before
    session.execute(update(Import).where(waiting, late).values(state=ImportState.EXPIRED))
    over = or_(
        Import.state == ImportState.EXPIRED,
        and_(Import.state.in_((ImportState.DONE, ImportState.FAILED)), Import.done_at <= before),
    )
    # Without its rows it cannot be sent again.
    gone = {"headings": "", "given_up_at": None}
    session.execute(update(Import).where(over, Import.headings != "").values(gone))
    some = list(
        session.scalars(
            select(ImportRow.id)
            .join(Import, Import.id == ImportRow.import_id)
            .where(over)
            .order_by(ImportRow.id)
            .limit(limit)
        )
    )
    session.execute(delete(ImportRow).where(ImportRow.id.in_(some)))
    return len(some)
