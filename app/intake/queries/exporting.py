"""Exports for their owners, and the rows that go into the file."""

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
from app.kernel.errors import Conflict, Forbidden, not_found
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
    """The request for a file: owner, template, filter, masked or not, and the reason.

    `about` says in Chinese which list the ids of the filter are, if it has ids.
    """

    owner_id: int
    template: ExportTemplate
    unmasked: bool
    wanted: OrderFilter
    reason: str | None
    about: str | None = None

    def sealed(self, export_id: int) -> str:
        """The filter and the reason, sealed for the column `exports.asked` of this export."""
        plain = {"filter": asdict(self.wanted), "reason": self.reason, "about": self.about}
        return seal(json.dumps(plain, default=datetime.isoformat), _context(export_id))

    @property
    def spoken(self) -> str:
        """The filter as a text for the audit; without the search words, which can be a name or phone."""
        given = {
            name: value for name, value in asdict(self.wanted).items() if value not in (None, ())
        }
        if "q" in given:
            given["q"] = "…"
        if "ids" in given:
            given["ids"] = f"{len(given['ids'])}件"
        parts = [f"{name}={_spoken(value)}" for name, value in given.items() if value != []]
        return "，".join([self.about, *parts] if self.about else parts) or "全部"


def _spoken(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "、".join(map(_spoken, value))
    return to_local(value).isoformat() if isinstance(value, datetime) else str(value)


def _context(export_id: int) -> str:
    return f"exports.asked:{export_id}"


def asked_of(export: Export) -> Asked:
    """The request of a stored export, unsealed; raises Conflict `export.outdated`."""
    plain = _opened(export)
    wanted = _filter(plain["filter"])
    owner_id, reason, about = export.owner_id, plain["reason"], plain.get("about")
    return Asked(owner_id, export.template, export.unmasked, wanted, reason, about)


def _opened(export: Export) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(unseal(export.asked, _context(export.id)))
    return opened


def _filter(plain: Mapping[str, Any]) -> OrderFilter:
    # Earlier versions kept the filters of figures here; without them the file would hold other orders.
    unknown = [name for name in plain if name not in OrderFilter.__slots__]
    if any(plain[name] is not None for name in unknown):
        raise Conflict("export.outdated", "系统已经更新，请重新导出一次。")
    plain = {name: value for name, value in plain.items() if name not in unknown}
    times = {name: plain[name] and datetime.fromisoformat(plain[name]) for name in _TIMES}
    enums = {
        "status": [OrderStatus(value) for value in plain["status"]],
        "urgency": [Urgency(value) for value in plain["urgency"]],
    }
    return OrderFilter(**{**plain, **times, **enums})


_TIMES = ("since", "until")


@dataclass(frozen=True, slots=True)
class ExportView:
    """An export for its owner; `url` is a signed address of the file, valid for some minutes."""

    id: int
    row: Export
    url: str | None


def exports_visible_to(actor: Actor) -> Select[Export]:
    """The exports that the actor owns."""
    return select(Export).where(Export.owner_id == actor.own_id)


def get_visible_export(actor: Actor, export_id: int) -> Export:
    """The actor's own export with this id; raises NotFound `not_found`."""
    found = session.scalar(exports_visible_to(actor).where(Export.id == export_id))
    if found is None:
        raise not_found()
    return found


def view_export(actor: Actor, export_id: int) -> ExportView:
    """The actor's own export with a new address of its file; raises NotFound `not_found`."""
    return view_of(actor, get_visible_export(actor, export_id))


def view_of(actor: Actor, export: Export) -> ExportView:
    """The view of a loaded export; `url` is None if the time or the owner's right has ended."""
    ids = attached_ids(SUBJECT, [export.id])[export.id]
    running = export.expires_at is not None and export.expires_at > now()
    fetchable = running and may_fetch_export(actor, unmasked=export.unmasked)
    found = links(ids) if fetchable else {}
    return ExportView(export.id, export, next((link.url for link in found.values()), None))


def waiting_exports(person_id: int) -> int:
    """The number of the person's exports that wait or are being made."""
    waiting = Export.state.in_((ExportState.WAITING, ExportState.RUNNING))
    statement = select(func.count()).where(Export.owner_id == person_id, waiting)
    return session.scalar(statement) or 0


def exported_exports(person_id: int) -> list[dict[str, Any]]:
    """The exports of the person that are still stored, for the copy of the person's own data."""
    rows = session.scalars(
        select(Export).where(Export.owner_id == person_id).order_by(Export.id)
    ).all()
    return [
        {
            "template": row.template.value,
            "unmasked": row.unmasked,
            "filter": _spoken_of(row),
            "reason": _opened(row)["reason"],
            "state": row.state.value,
            "created_at": to_local(row.created_at).isoformat(),
        }
        for row in rows
    ]


def _spoken_of(export: Export) -> str | None:
    try:
        return asked_of(export).spoken
    except Conflict:
        return None


def owner_now(owner_id: int) -> Actor:
    """The owner as an actor with the grants of this moment; raises Forbidden `export.not_allowed`."""
    actor = Actor(owner_id, "", grants_of(owner_id, now()))
    check_may_export(actor)
    return actor


def check_may_export(actor: Actor) -> None:
    """Raises Forbidden `export.not_allowed` if the actor may not export at any unit."""
    if not may_export_somewhere(actor):
        raise Forbidden("export.not_allowed", "您没有导出工单的权限。")


def mark_of(asked: Asked) -> str | None:
    """The watermark of an unmasked file: the owner's name and the time; None for a masked file."""
    if not asked.unmasked:
        return None
    who = f"{name_of(asked.owner_id)}（人员编号{asked.owner_id}）"
    return f"{who}于{to_local(now()):%Y-%m-%d %H:%M}导出，含个人信息，严禁外传"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file, the ids of their orders, and the cursor of the next rows (None: the end)."""

    rows: list[Row]
    next_cursor: str | None
    order_ids: set[int]


def next_rows(
    actor: Actor, asked: Asked, *, cursor: str | None, seen: set[int], limit: int
) -> Batch:
    """The next at most `limit` rows of the list, with what the actor can see now.

    `seen` are the ids of the orders that are in the file already: an order that has moved in the list
    meanwhile does not come twice.
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
