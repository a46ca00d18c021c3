"""Exports as their owners see them, and the rows that go into the file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.categories.states import Urgency
from app.files.queries import attached_ids, links
from app.intake.books import Cell
from app.intake.models import Export
from app.intake.policy import may_export_somewhere, may_fetch_export, may_open_row
from app.intake.queries.columns import Line, cells
from app.intake.queries.outcomes import Outcome, outcomes_of
from app.intake.states import ExportState, ExportTemplate
from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.crypto import seal, unseal
from app.kernel.database import session
from app.kernel.database.fast.rows import known
from app.kernel.errors import Forbidden, not_found
from app.kernel.given_up import Kind
from app.orders.ticket.models import OrderContact
from app.orders.ticket.states import OrderStatus
from app.orders.views.lists import OrderFilter, page_of_orders
from app.orders.views.rendering import OrderView, views_of
from app.people.queries import audit_unit_of, grants_of, name_of

SUBJECT = "export"
GIVEN_UP = Kind(
    "export",
    "多次没有导出、已停下的文件（个）",
    Export,
    lambda row: {"owner_id": row.owner_id, "template": row.template.value, "rows": row.total},
    unit_of=lambda row: audit_unit_of(row.owner_id),
)
Row = list[Cell]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants in the file, and why."""

    owner_id: int
    template: ExportTemplate
    unmasked: bool
    wanted: OrderFilter
    reason: str | None

    def sealed(self, export_id: int) -> str:
        """Filter and reason as they are kept."""
        plain = {"filter": asdict(self.wanted), "reason": self.reason}
        return seal(json.dumps(plain, default=datetime.isoformat), _context(export_id))

    @property
    def spoken(self) -> str:
        """The filter for the audit; the words searched for may be a name or a phone, so not these."""
        given = {
            name: value for name, value in asdict(self.wanted).items() if value not in (None, ())
        }
        if "q" in given:
            given["q"] = "…"
        if "ids" in given:
            given["ids"] = f"{len(given['ids'])}件"
        parts = (f"{name}={_spoken(value)}" for name, value in given.items() if value != [])
        return "，".join(parts) or "全部"


def _spoken(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "、".join(map(_spoken, value))
    return to_local(value).isoformat() if isinstance(value, datetime) else str(value)


def _context(export_id: int) -> str:
    return f"exports.asked:{export_id}"


def asked_of(export: Export) -> Asked:
    """The wish of one that is kept."""
    plain = json.loads(unseal(export.asked, _context(export.id)))
    wanted = _filter(plain["filter"])
    return Asked(export.owner_id, export.template, export.unmasked, wanted, plain["reason"])


def _filter(plain: Mapping[str, Any]) -> OrderFilter:
    times = {name: plain[name] and datetime.fromisoformat(plain[name]) for name in _TIMES}
    enums = {
        "status": [OrderStatus(value) for value in plain["status"]],
        "urgency": [Urgency(value) for value in plain["urgency"]],
    }
    return OrderFilter(**{**plain, **times, **enums})


_TIMES = ("since", "until")


@dataclass(frozen=True, slots=True)
class ExportView:
    """An export as its owner sees it; `url` is good for a few minutes."""

    id: int
    row: Export
    url: str | None


def exports_visible_to(actor: Actor) -> Select[Export]:
    """One's own."""
    return select(Export).where(Export.owner_id == actor.own_id)


def get_visible_export(actor: Actor, export_id: int) -> Export:
    """One's own, or NotFound."""
    found = session.scalar(exports_visible_to(actor).where(Export.id == export_id))
    if found is None:
        raise not_found()
    return found


def view_export(actor: Actor, export_id: int) -> ExportView:
    """One's own with a fresh address of the file, or NotFound."""
    return view_of(actor, get_visible_export(actor, export_id))


def view_of(actor: Actor, export: Export) -> ExportView:
    """The same of one at hand; no address once its time is over, or the owner's right to it."""
    ids = attached_ids(SUBJECT, [export.id])[export.id]
    running = export.expires_at is not None and export.expires_at > now()
    fetchable = running and may_fetch_export(actor, unmasked=export.unmasked)
    found = links(ids) if fetchable else {}
    return ExportView(export.id, export, next((link.url for link in found.values()), None))


def waiting_exports(person_id: int) -> int:
    """How many of somebody's exports are not finished."""
    waiting = Export.state.in_((ExportState.WAITING, ExportState.RUNNING))
    statement = select(func.count()).where(Export.owner_id == person_id, waiting)
    return session.scalar(statement) or 0


def exported_exports(person_id: int) -> list[dict[str, Any]]:
    """Which files somebody has asked for lately, for the copy of the own data."""
    rows = session.scalars(
        select(Export).where(Export.owner_id == person_id).order_by(Export.id)
    ).all()
    return [
        {
            "template": row.template.value,
            "unmasked": row.unmasked,
            "filter": asked_of(row).spoken,
            "reason": asked_of(row).reason,
            "state": row.state.value,
            "created_at": to_local(row.created_at).isoformat(),
        }
        for row in rows
    ]


def owner_now(owner_id: int) -> Actor:
    """The owner with the rights of this moment; Forbidden `export.not_allowed` without the one."""
    actor = Actor(owner_id, "", grants_of(owner_id, now()))
    check_may_export(actor)
    return actor


def check_may_export(actor: Actor) -> None:
    """Raises Forbidden `export.not_allowed`."""
    if not may_export_somewhere(actor):
        raise Forbidden("export.not_allowed", "您没有导出工单的权限。")


def mark_of(asked: Asked) -> str | None:
    """The watermark of a file with clear names: who has taken it out, and when."""
    if not asked.unmasked:
        return None
    who = f"{name_of(asked.owner_id)}（人员编号{asked.owner_id}）"
    return f"{who}于{to_local(now()):%Y-%m-%d %H:%M}导出，含个人信息，严禁外传"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows, the orders they are of, and where the next ones begin."""

    rows: list[Row]
    next_cursor: str | None
    order_ids: set[int]


def next_rows(
    actor: Actor, asked: Asked, *, cursor: str | None, seen: set[int], limit: int
) -> Batch:
    """The next rows of the list, as the page would show it to the actor now.

    An order that has moved in the list meanwhile and is in `seen` does not come twice.
    """
    page = page_of_orders(actor, asked.wanted, cursor=cursor, limit=limit)
    fresh = [order for order in page.items if order.id not in seen]
    views, outcomes, at = views_of(actor, fresh), outcomes_of(actor, fresh), now()
    contacts = known(OrderContact, [order.id for order in fresh])
    rows = []
    for number, view in enumerate(views, start=len(seen) + 1):
        line = _line(actor, asked, view, contacts.get(view.id), outcomes[view.id], number, at)
        rows.append(cells(asked.template, line))
    return Batch(rows, page.next_cursor, {order.id for order in fresh})


def _line(
    actor: Actor,
    asked: Asked,
    view: OrderView,
    contact: OrderContact | None,
    outcome: Outcome,
    number: int,
    at: datetime,
) -> Line:
    shown, requester, place = view.contact or {}, view.requester or {}, view.place or {}
    name = shown.get("name") or requester.get("name")
    phone, address = shown.get("phone"), place.get("name")
    if asked.unmasked and contact is not None and may_open_row(actor, view.order):
        name = contact.opened("name") or name
        phone = contact.opened("phone") or phone
        address = contact.opened("address") or address
    return Line(number, view, outcome, name, phone, address, at)
