"""What every verb does: take the order, write its history, tell people."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from app.files.service import attach
from app.files.states import FileKind
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import insert_row, put, table_of
from app.kernel.errors import Forbidden, Invalid, not_found
from app.orders.ticket.history import next_row
from app.orders.ticket.models import (
    Order,
    OrderAssignee,
    OrderEvent,
    OrderEventContent,
    OrderRequest,
)
from app.orders.ticket.policy import POLICY, words_for
from app.orders.ticket.states import Action, HandlerKind, OrderStatus, RequestState
from app.orders.ticket.telling import tell_promise
from app.orders.ticket.timing import keep_time
from app.orders.ticket.visible import check_reach

# Statements built once: building them takes longer than running them.
_EVENTS = table_of(OrderEvent)
_INSERT_EVENT = insert(_EVENTS).returning(_EVENTS.c.id)
_INSERT_CONTENT = insert(table_of(OrderEventContent)).inline()
_INSERT_ASSIGNEE = insert(table_of(OrderAssignee)).inline()
_LOCKED = lock(select(Order).where(Order.id == bindparam("order_id")))


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
    """The order, locked and read anew, whoever asks."""
    order = session.scalars(_LOCKED, {"order_id": order_id}).one_or_none()
    if order is None:
        raise not_found()
    return order


def write(
    actor: Actor,
    order: Order,
    action: Action,
    *,
    before: OrderStatus | None,
    note: str | None = None,
    photo_ids: Sequence[int] = (),
    details: Mapping[str, Any] | None = None,
    visible: bool = True,
    on_word_of: int | None = None,
    happened_at: datetime | None = None,
) -> None:
    """Adds the next row of the history; `before` is the state that was left.

    None at the start: the order, with an id drawn before, is inserted together with its first row.
    """
    recorded = now()
    content: dict[str, Any] = {
        "salt": secrets.token_hex(16),
        "note": note,
        "photo_ids": list(photo_ids),
        "details": dict(details or {}),
    }
    at = happened_at or recorded
    promised_anew = keep_time(
        order,
        action,
        before=before,
        at=at,
        person_id=actor.person_id,
        details=content["details"],
    )
    values = next_row(
        order,
        action,
        content,
        before=before,
        happened_at=at,
        recorded_at=recorded,
        actor_id=actor.person_id,
        actor_name=actor.system_name or "",
        on_word_of=on_word_of,
        visible=visible,
    )
    if before is None:
        insert_row(order)
    else:
        # With what the verb has changed in it the order is written once.
        session.flush()
    event_id = session.connection().execute(_INSERT_EVENT, values).scalar_one()
    put(_INSERT_CONTENT, {"event_id": event_id, **content})
    if promised_anew:
        tell_promise(order)


def need_reason(reason: str | None) -> str:
    """The reason, or Invalid `order.reason_required`."""
    if not reason:
        raise Invalid("order.reason_required", "请写明原因。", errors={"reason": ["请写明原因。"]})
    return reason


def attach_pictures(actor: Actor, order: Order, photo_ids: Sequence[int]) -> None:
    """Binds the actor's own pictures to the order."""
    if photo_ids:
        attach(actor, photo_ids, ("order", order.id), kind=FileKind.PICTURE)


def assign(
    order: Order,
    at: datetime,
    *,
    kind: HandlerKind,
    person_id: int | None = None,
    provider_id: int | None = None,
    part: str | None = None,
    by_claim: bool = False,
) -> None:
    """Notes who handles it from now on."""
    put(
        _INSERT_ASSIGNEE,
        {
            "order_id": order.id,
            "kind": kind,
            "person_id": person_id,
            "provider_id": provider_id,
            "part": part,
            "by_claim": by_claim,
            "since": at,
        },
    )


def unassign(order: Order, at: datetime) -> None:
    """Whoever handled it does not any more."""
    session.execute(
        update(OrderAssignee)
        .where(OrderAssignee.order_id == order.id, OrderAssignee.until.is_(None))
        .values(until=at)
    )


def void_requests(order: Order, at: datetime) -> None:
    """Pending agreements lapse with the situation they were asked in."""
    session.execute(
        update(OrderRequest)
        .where(OrderRequest.order_id == order.id, OrderRequest.state == RequestState.PENDING)
        .values(state=RequestState.LAPSED, decided_at=at)
    )


def let_go(order: Order, at: datetime) -> None:
    """Whoever handled it is free of it, a pause ends, and what was asked for is void."""
    unassign(order, at)
    order.helper_ids = []
    order.end_pause(at)
    void_requests(order, at)
