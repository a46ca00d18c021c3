"""Running deadlines that have not seen the latest changes of policy, calendar or hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from app.deadlines.standing.models import RUNNING, Deadline, Recomputation
from app.kernel.database import session
from app.kernel.database.fast.kept import Kept
from app.kernel.database.fast.rows import table_of

CHANGES = "deadline_recomputations"
_DEADLINES = table_of(Deadline)


@dataclass(frozen=True, slots=True)
class Change:
    """A recomputation that is not finished: of one policy, of one subtree, or of all deadlines."""

    id: int
    policy: str | None
    unit_path: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Changes:
    last: int
    unfinished: tuple[Change, ...]


def _read() -> _Changes:
    last = session.scalar(select(func.max(Recomputation.id)))
    rows = session.execute(
        select(
            Recomputation.id,
            Recomputation.policy,
            Recomputation.unit_path,
            Recomputation.created_at,
        )
        .where(Recomputation.finished_at.is_(None))
        .order_by(Recomputation.id)
    )
    return _Changes(int(last or 0), tuple(Change(*row) for row in rows))


# Only `mark_changed` renews this. The table also counts progress, which must not renew it.
_changes = Kept(CHANGES, _read)


def current_basis() -> int:
    """The id of the last change that this transaction knows; 0 before the first."""
    return _changes.value().last


def unfinished() -> Sequence[Change]:
    """The changes after which some deadlines may not have been computed again, by id."""
    return _changes.value().unfinished


def affected(policy: str | None, unit_path: str | None) -> ColumnElement[bool]:
    """A condition: running deadlines of that policy and that subtree; None means any."""
    found: Any = RUNNING
    if policy is not None:
        found = and_(found, _DEADLINES.c.policy == policy)
    if unit_path is not None:
        found = and_(found, _DEADLINES.c.unit_path.startswith(unit_path, autoescape=True))
    return and_(found)


def behind(change: Change) -> ColumnElement[bool]:
    """A condition: running deadlines that the change concerns and that have not seen it."""
    return and_(affected(change.policy, change.unit_path), _DEADLINES.c.basis < change.id)


def unseen_since(row: Row[Any], changes: Sequence[Change]) -> datetime | None:
    """When the first of the changes was made that a deadline has not seen; None: it has seen all."""
    return next(
        (
            change.created_at
            for change in changes
            if row.basis < change.id
            and change.policy in (None, row.policy)
            and row.unit_path.startswith(change.unit_path or "")
        ),
        None,
    )
