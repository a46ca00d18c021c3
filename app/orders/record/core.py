"""What every verb does: take the order, and write what was done to it."""

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
from app.kernel.database.fast.rows import columns_of, insert_row, put, reserve_ids, table_of
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
    """The order, locked and read anew, on which the actor may act now.

    Raises NotFound for a foreign one, Forbidden `order.not_allowed`, Conflict
    `order.action_not_allowed`. A verb that also decides on a person locks that person first.
    """
    check_reach(actor, order_id, action)
    order = locked(order_id)
    if not POLICY[action](actor, order):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    order.check_action(action, words_for(actor, order))
    return order


def locked(order_id: int) -> Order:
    """The order, locked and read anew, whoever asks. Raises NotFound."""
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
    """Writes the act under way: the order, its history row, its dates, and what it left beside.

    A new order, with an id drawn before, is inserted together with its first row. What the act
    announces is announced here.
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
        insert_row(order)
    else:
        # With what the verb has changed in it the order is written once.
        session.flush()
    append_history([entry])
    keep_beside(order)
    order.forget_act()
    if promised_anew:
        tell_promise(order)


def act_of(order: Order) -> Act:
    """The act under way; each is written once, by whoever has done it."""
    if order.act is None:
        raise RuntimeError(f"order {order.id}: no act to write")
    return order.act


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a history and its content, before they have an id."""

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
    """The act as the next entry of the order's history."""
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
    """Adds entries to the histories of their orders, whose rows are written already."""
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
    """Writes the rows that the act has left beside the order, and announces its events."""
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
    """Pending agreements lapse with the situation that they were asked in."""
    session.execute(
        update(OrderRequest)
        .where(OrderRequest.order_id == order.id, OrderRequest.state == RequestState.PENDING)
        .values(state=RequestState.LAPSED, decided_at=at)
    )


def need_reason(reason: str | None) -> str:
    """The reason, or Invalid `order.reason_required`."""
    if not reason:
        raise Invalid("order.reason_required", "请写明原因。", errors={"reason": ["请写明原因。"]})
    return reason


def attach_pictures(actor: Actor, order: Order, photo_ids: Sequence[int]) -> None:
    """Binds the actor's own pictures to the order."""
    if photo_ids:
        attach(actor, photo_ids, ("order", order.id), kind=FileKind.PICTURE)
