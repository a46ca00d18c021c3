"""Reads of the audit: which sensitive data were opened or changed, by whom and why."""

from datetime import datetime

from sqlalchemy import Select, select

from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.errors import Forbidden
from app.kernel.pages import Key, Page, paginate
from app.people.queries.scope import below


def audit_visible_to(actor: Actor) -> Select[AuditRow]:
    """Returns a statement for the rows of units in the subtrees where the actor has `audit.see`."""
    return select(AuditRow).where(below(AuditRow.unit_id, actor.paths("audit.see")))


def page_of_audit(
    actor: Actor,
    *,
    actor_id: int | None = None,
    action: str | None = None,
    subject_kind: str | None = None,
    subject_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[AuditRow]:
    """Returns a page of audit rows that the actor may see, newest first.

    `since` is included, `until` is not. Raises Forbidden `audit.not_allowed` where the actor has
    `audit.see` nowhere, Invalid `cursor.invalid`.
    """
    if not actor.may_somewhere("audit.see"):
        raise Forbidden("audit.not_allowed", "查看留痕需要负责人或管理员。")
    exact = {
        AuditRow.actor_id: actor_id,
        AuditRow.action: action,
        AuditRow.subject_kind: subject_kind,
        AuditRow.subject_id: subject_id,
    }
    statement = audit_visible_to(actor).where(
        *(column == value for column, value in exact.items() if value is not None)
    )
    if since is not None:
        statement = statement.where(AuditRow.at >= since)
    if until is not None:
        statement = statement.where(AuditRow.at < until)
    return paginate(statement, [Key(AuditRow.id, desc=True)], cursor=cursor, limit=limit)
