"""What is in the database after an import, without what is drawn by lot or by the clock of the run."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from app.categories.models import Category
from app.kernel.crypto import unseal
from app.kernel.database import Model, session, transaction
from app.orders.ticket.models import Order, OrderContact, OrderEvent, OrderEventContent, OrderSearch
from app.organisation.models import Place, Unit

# Ids, seals, lots, and when the import ran; a path is made of ids.
LEFT_OUT = {
    *("id", "order_id", "event_id", "head", "hash", "previous", "salt", "content_mac", "grams"),
    *("visit_code", "contact_index", "imported_at", "recorded_at", "handling_path"),
}


def digest() -> str:
    """Of all imported orders with what hangs on them, in the order of their numbers."""
    with transaction(writing=False):
        lines = list(_lines())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() + f" {len(lines)}"


def _lines() -> Iterator[str]:
    units = _pairs(select(Unit.id, Unit.name))
    names = {
        "category_id": _pairs(select(Category.id, Category.code)),
        "place_id": _pairs(select(Place.id, Place.full_name)),
        **dict.fromkeys(
            ("handling_unit_id", "first_unit_id", "attention_unit_id", "grid_id", "unit_id"), units
        ),
    }
    contacts = _by_order(OrderContact)
    words = _by_order(OrderSearch)
    contents = {
        row["event_id"]: row
        for row in session.execute(select(OrderEventContent.__table__)).mappings()
    }
    events: dict[int, list[Any]] = {}
    table = OrderEvent.__table__
    for event in session.execute(select(table).order_by(table.c.seq)).mappings():
        events.setdefault(event["order_id"], []).append(event)
    orders = Order.__table__
    imported = select(orders).where(orders.c.external_system.is_not(None))
    for order in session.execute(imported.order_by(orders.c.external_number)).mappings():
        (contact,) = contacts[order["id"]]
        told = {
            "order": _plain(order, names),
            "contact": {
                name: contact[name]
                and unseal(contact[name], f"order_contacts.{name}:{order['id']}")
                for name in ("name", "phone", "address")
            },
            "words": [_plain(row, names) for row in words.get(order["id"], [])],
            "events": [
                _plain(event, names) | _plain(contents[event["id"]], names)
                for event in events[order["id"]]
            ],
        }
        yield json.dumps(told, sort_keys=True, ensure_ascii=False)


def _pairs(statement: Select[Any]) -> dict[int, str]:
    return {row[0]: row[1] for row in session.execute(statement)}


def _by_order(model: type[Model]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in session.execute(select(model.__table__)).mappings():
        found.setdefault(row["order_id"], []).append(row)
    return found


def _plain(row: Any, names: dict[str, dict[int, str]]) -> dict[str, Any]:
    return {
        key: names[key].get(value) if key in names else _value(value)
        for key, value in row.items()
        if key not in LEFT_OUT
    }


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
