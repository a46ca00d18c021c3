"""The hash chain of an order's history: making the hash of a row, and verifying a chain."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.orders.ticket.models import Act, Order, OrderEvent, OrderEventContent


def content_mac(
    salt: str, note: str | None, photo_ids: Sequence[int], details: Mapping[str, Any]
) -> str:
    """The seal of words, pictures and details: HMAC-SHA-256 with the row's salt, in hex digits.

    When the salt is erased nobody can guess the words from the seal.
    """
    plain = json.dumps([note, list(photo_ids), dict(details)], sort_keys=True, ensure_ascii=False)
    return hmac.new(salt.encode(), plain.encode(), hashlib.sha256).hexdigest()


def row_hash(values: Mapping[str, Any]) -> str:
    """SHA-256, in hex digits, of the columns in `_COVERED`, among them the hash of the row before."""
    parts = [values[name] for name in _COVERED]
    plain = json.dumps([_plain(part) for part in parts], ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def next_row(
    order: Order,
    act: Act,
    content: Mapping[str, Any],
    *,
    recorded_at: datetime,
    actor_id: int | None,
    actor_name: str,
    on_word_of: int | None = None,
    visible: bool = True,
) -> dict[str, Any]:
    """The values of the order's next history row; sets the order's `version` and `head` by it.

    `content` holds salt, note, photo_ids and details of the content row.
    """
    values: dict[str, Any] = {
        "previous": order.head,
        "order_id": order.id,
        "seq": order.version + 1,
        "round": order.round,
        "unit_id": order.handling_unit_id,
        "action": act.action,
        "happened_at": act.at,
        "recorded_at": recorded_at,
        "actor_id": actor_id,
        "actor_name": actor_name,
        "on_word_of": on_word_of,
        "from_status": act.before,
        "to_status": order.status,
        "visible": visible,
        "content_mac": content_mac(**content),
    }
    values["hash"] = row_hash(values)
    order.version, order.head = values["seq"], values["hash"]
    return values


_COVERED = (
    "previous",
    "order_id",
    "seq",
    "round",
    "unit_id",
    "action",
    "happened_at",
    "recorded_at",
    "actor_id",
    "actor_name",
    "on_word_of",
    "from_status",
    "to_status",
    "visible",
    "content_mac",
)


def _plain(value: Any) -> Any:
    # Both databases keep microseconds in UTC, so the text is the same after reading back.
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one chain: `broken` has a Chinese phrase for each fault; `erased` counts rows.

    An erased row has no content any more, which is no fault.
    """

    order_id: int
    broken: tuple[str, ...]
    erased: int


def verify(
    order_id: int,
    version: int,
    head: str,
    rows: Sequence[OrderEvent],
    contents: Mapping[int, OrderEventContent],
) -> Verdict:
    """Computes the chain of one order again; `rows` sorted by seq, `contents` by event id.

    `version` and `head` are those of the order, which its last row must match.
    """
    broken: list[str] = []
    previous, erased = "", 0
    for position, row in enumerate(rows, start=1):
        if row.seq != position:
            broken.append(f"第{position}行缺失")
            break
        values = {name: getattr(row, name) for name in _COVERED}
        if row.previous != previous or row.hash != row_hash(values):
            broken.append(f"第{row.seq}行被改动")
        content = contents.get(row.id)
        if content is None:
            erased += 1
        elif row.content_mac != content_mac(
            content.salt, content.note, content.photo_ids, content.details
        ):
            broken.append(f"第{row.seq}行的内容被改动")
        previous = row.hash
    if not broken and (len(rows) != version or previous != head):
        broken.append("末行与工单不符")
    return Verdict(order_id, tuple(broken), erased)
