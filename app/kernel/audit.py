"""The audit: rows that say who looked at or changed sensitive data; rows are added and never changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import Id, Model, session


class AuditRow(Model):
    """One act of an actor; `fields` holds the names of the fields that were shown, never their content."""

    __tablename__ = "audit_rows"
    __table_args__ = (Index("ix_audit_rows_subject", "subject_kind", "subject_id"),)

    id: Mapped[Id]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(index=True)
    actor_name: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    unit_id: Mapped[int | None] = mapped_column(index=True)
    fields: Mapped[list[str]]
    reason: Mapped[str]


def audit_values(
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_id: int,
    *,
    reason: str = "",
    fields: Sequence[str] = (),
    unit_id: int | None = None,
) -> dict[str, object]:
    """The columns of one audit row by name, for `record` and for the rows that a refusal keeps."""
    return {
        "at": now(),
        "actor_id": actor.person_id,
        "actor_name": actor.system_name or "",
        "action": action,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "unit_id": unit_id,
        "fields": list(fields),
        "reason": reason,
    }


def record(
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_id: int,
    *,
    reason: str = "",
    fields: Sequence[str] = (),
    unit_id: int | None = None,
) -> None:
    """Adds one audit row in the caller's transaction; `unit_id` is the unit whose staff may read it."""
    values = audit_values(
        actor, action, subject_kind, subject_id, reason=reason, fields=fields, unit_id=unit_id
    )
    session.execute(insert(AuditRow).values(values).inline())


def count_since(action: str, subject_kind: str, subject_id: int, since: datetime) -> int:
    """How many audit rows of that action the subject has after the moment `since`."""
    found = session.scalar(
        select(func.count())
        .select_from(AuditRow)
        .where(
            AuditRow.subject_kind == subject_kind,
            AuditRow.subject_id == subject_id,
            AuditRow.action == action,
            AuditRow.at > since,
        )
    )
    return found or 0
