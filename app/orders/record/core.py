"""The frame of every verb: `take` locks the order, `write` writes the act that was done to it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, bindparam, delete, insert, select, update

from app.files.service import attach
from app.files.states import FileKind
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import Model, UTCDateTime, lock, session
from app.kernel.database.fast.rows import columns_of, put, reserve_ids, table_of
from app.kernel.errors import Forbidden, Invalid, not_found
from app.kernel.events import announce
from app.orders.access.policy import POLICY, words_for
from app.orders.access.visible import check_reach
from app.orders.record.history import next_row
from app.orders.record.telling import tell_promise
from app.orders.record.timing import keep_time
from app.orders.ticket.models import (
    HELPS,
    Act,
    HandsEnd,
    HelpersGo,
    Order,
    OrderAssignee,
    OrderEvent,
    OrderEventContent,
    OrderRequest,
    RequestsLapse,
)
from app.orders.ticket.states import Action, RequestState

BATCH = 500
# Statements built once: building them takes longer than running them.
_EVENTS, _CONTENTS = table_of(OrderEvent), table_of(OrderEventContent)
_INSERT_EVENT = insert(_EVENTS).returning(_EVENTS.c.id)
_INSERT_CONTENT = insert(_CONTENTS).inline()
_LOCKED = lock(select(Order).where(Order.id == bindparam("order_id")))
_HANDS = table_of(OrderAssignee)
_END_HANDS = (
    update(_HANDS)
    .where(_HANDS.c.order_id == bindparam("of_order"), _HANDS.c.until.is_(None))
    .values(until=bindparam("at", type_=UTCDateTime))
)


def take(actor: Actor, order_id: int, action: Action) -> Order:
    """The order, locked and read anew, for an action that the actor may take now.

    Raises NotFound `not_found` for an order that the actor does not see, Forbidden
    `order.not_allowed`, Conflict `order.action_not_allowed`. A verb that also decides on a person
    locks the person's row first.
    """
    check_reach(actor, order_id, action)
    order = locked(order_id)
    if not POLICY[action](actor, order):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    order.check_action(action, words_for(actor, order))
    return order


def locked(order_id: int) -> Order:
    """The order, locked and read anew, without a check of rights; raises NotFound `not_found`."""
    order = session.scalars(_LOCKED, {"order_id": order_id}).one_or_none()
    if order is None:
        raise not_found()
    order.forget_act()
    return order


def write(
    actor: Actor,
    order: Order,
    *,
    note: str | None = None,
    photo_ids: Sequence[int] = (),
    visible: bool = True,
    on_word_of: int | None = None,
) -> None:
    """Writes the act under way: the order, its history row, its dates, and the rows beside it.

    A new order has its id already and is inserted here. The events of the act are announced, and
    the requester is told where the promised day has changed.
    """
    act = act_of(order)
    promised_anew = keep_time(order, act, actor.person_id)
    entry = entry_of(
        order,
        act,
        note=note,
        photo_ids=photo_ids,
        actor_id=actor.person_id,
        actor_name=actor.system_name or "",
        on_word_of=on_word_of,
        visible=visible,
        recorded_at=now(),
    )
    if act.before is None:
        session.add(order)
    # One INSERT or UPDATE writes all columns that the verb has set.
    session.flush()
    append_history([entry])
    keep_beside(order)
    order.forget_act()
    if promised_anew:
        tell_promise(order)


def act_of(order: Order) -> Act:
    """The act under way; raises RuntimeError where no act was done, or it was written already."""
    if order.act is None:
        raise RuntimeError(f"order {order.id}: no act to write")
    return order.act


@dataclass(frozen=True, slots=True)
class Entry:
    """The values of a history row and of its content row, before they have an id."""

    row: dict[str, Any]
    content: dict[str, Any]


def entry_of(
    order: Order,
    act: Act,
    *,
    recorded_at: datetime,
    actor_id: int | None,
    actor_name: str,
    note: str | None = None,
    photo_ids: Sequence[int] = (),
    on_word_of: int | None = None,
    visible: bool = True,
) -> Entry:
    """The act as the next entry of the order's history; moves the order's `version` and `head` on."""
    content: dict[str, Any] = {
        "salt": secrets.token_hex(16),
        "note": note,
        "photo_ids": list(photo_ids),
        "details": dict(act.details),
    }
    row = next_row(
        order,
        act,
        content,
        recorded_at=recorded_at,
        actor_id=actor_id,
        actor_name=actor_name,
        on_word_of=on_word_of,
        visible=visible,
    )
    return Entry(row, content)


def append_history(entries: Sequence[Entry]) -> None:
    """Inserts the entries; the rows of their orders must be written already."""
    if len(entries) == 1:
        (entry,) = entries
        event_id = session.connection().execute(_INSERT_EVENT, entry.row).scalar_one()
        put(_INSERT_CONTENT, {"event_id": event_id, **entry.content})
        return
    ids = reserve_ids(OrderEvent, len(entries)) if entries else []
    for start in range(0, len(entries), BATCH):
        some = list(zip(ids, entries, strict=True))[start : start + BATCH]
        put(insert(_EVENTS), [{**entry.row, "id": row_id} for row_id, entry in some])
        put(insert(_CONTENTS), [{**entry.content, "event_id": row_id} for row_id, entry in some])


def keep_beside(order: Order) -> None:
    """Writes the rows and changes of rows that the act has left in `beside`; announces its events."""
    left = list(order.beside)
    order.beside.clear()
    for one in left:
        if isinstance(one, HandsEnd):
            put(_END_HANDS, {"of_order": order.id, "at": one.at})
        elif isinstance(one, HelpersGo):
            session.execute(delete(OrderAssignee).where(*_helping(order, one.person_ids)))
        elif isinstance(one, RequestsLapse):
            void_requests(order, one.at)
        elif isinstance(one, Model):
            values = {name: value for name, value in columns_of(one).items() if value is not None}
            put(_into(type(one)), values)
        else:
            announce(one)


@cache
def _into(model: type[Model]) -> Insert:
    return insert(table_of(model)).inline()


def _helping(order: Order, person_ids: frozenset[int]) -> tuple[Any, ...]:
    return (
        OrderAssignee.order_id == order.id,
        OrderAssignee.person_id.in_(person_ids),
        OrderAssignee.part == HELPS,
        OrderAssignee.until.is_(None),
    )


def void_requests(order: Order, at: datetime) -> None:
    """Lapses all pending requests of the order."""
    session.execute(
        update(OrderRequest)
        .where(OrderRequest.order_id == order.id, OrderRequest.state == RequestState.PENDING)
        .values(state=RequestState.LAPSED, decided_at=at)
    )


def need_reason(reason: str | None) -> str:
    """The reason; raises Invalid `order.reason_required` where it is missing or empty."""
    if not reason:
        raise Invalid("order.reason_required", "请写明原因。", errors={"reason": ["请写明原因。"]})
    return reason


def attach_pictures(actor: Actor, order: Order, photo_ids: Sequence[int]) -> None:
    """Binds pictures that the actor has uploaded to the order; raises what `attach` raises."""
    if photo_ids:
        attach(actor, photo_ids, ("order", order.id), kind=FileKind.PICTURE)
