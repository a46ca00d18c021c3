"""When a rung of the ladder has come: who hears of it, and which unit watches from then on."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import insert, select

from app.deadlines.computing.states import STAGE_WORDS, Level, Stage
from app.deadlines.standing.events import DeadlinesMoved, DeadlinesPassed, Passed, SubjectsMoving
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.rows import known, reserve_ids, table_of
from app.notifications.service import Message, notify_each
from app.orders.ticket.history import next_row
from app.orders.ticket.models import Order, OrderEvent, OrderEventContent
from app.orders.ticket.states import Action, DispatchMode, OrderStatus
from app.orders.ticket.telling import cleared_holders, spoken, tell_promise
from app.orders.ticket.timing import KIND, set_dates
from app.organisation.models import Unit
from app.organisation.queries import ancestors, get_unit

_BY_DESK = frozenset({Stage.ACKNOWLEDGE, Stage.ARRANGE})
_MOST_NUMBERS = 5


@dataclass(slots=True)
class _Told:
    """What each person hears in this batch, and whom a unit's desk and leaders are."""

    by_person: dict[int, dict[int, tuple[Order, Passed]]] = field(default_factory=dict)
    alone: list[Message] = field(default_factory=list)
    raised: list[tuple[Order, Passed, int]] = field(default_factory=list)
    holders: dict[tuple[str, int, bool], list[int]] = field(default_factory=dict)

    def people(self, order: Order, permission: str, unit_id: int) -> list[int]:
        """Who holds the permission there and may know of the order; asked once a batch."""
        key = (permission, unit_id, order.sensitive)
        if key not in self.holders:
            self.holders[key] = cleared_holders(order, permission, unit_id)
        return self.holders[key]


def hold_orders(actor: Actor, event: SubjectsMoving) -> None:
    """Locks the orders that nobody else holds just now, and names the others."""
    del actor
    if event.subject_kind != KIND:
        return
    statement = (
        select(Order)
        .where(Order.id.in_(event.subject_ids))
        .order_by(Order.id)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    held = {order.id for order in session.scalars(statement)}
    event.postponed.update(set(event.subject_ids) - held)


def move_dates(actor: Actor, event: DeadlinesMoved) -> None:
    """New dates after a change of policy or calendar; residents hear of another promised day."""
    del actor
    if event.subject_kind != KIND:
        return
    for order in known(Order, event.dates).values():
        if set_dates(order, event.dates[order.id]):
            tell_promise(order)
    session.flush()


def remind(actor: Actor, event: DeadlinesPassed) -> None:
    """Tells whoever the rungs name; above the community the unit's attention is raised.

    What one person hears of in the same batch is one message, but for emergencies.
    """
    if event.subject_kind != KIND:
        return
    orders, told = known(Order, [item.subject_id for item in event.items]), _Told()
    for item in event.items:
        order = orders[item.subject_id]
        if item.round == order.round:
            _gather(actor, told, order, item)
    _write_raised(actor, told.raised)
    notify_each([*told.alone, *_digests(told)])


def _gather(actor: Actor, told: _Told, order: Order, item: Passed) -> None:
    emergency = item.urgency == "emergency"
    for person_id in dict.fromkeys(_hearers(actor, told, order, item)):
        if emergency:
            told.alone.append(_message(person_id, order, item, urgent=True))
        else:
            # Of several stages of one order the one that has waited longest is enough.
            of_person = told.by_person.setdefault(person_id, {})
            said = of_person.get(order.id)
            if said is None or item.due_at < said[1].due_at:
                of_person[order.id] = (order, item)


def _hearers(actor: Actor, told: _Told, order: Order, item: Passed) -> Iterable[int]:
    unit_id = order.handling_unit_id
    if item.level is Level.HANDLER:
        return _actors(told, order, item.stage)
    if item.level is Level.DESK:
        on_duty = "orders.acknowledge" if item.stage is Stage.ACKNOWLEDGE else "orders.dispatch"
        return [*_actors(told, order, item.stage), *told.people(order, on_duty, unit_id)]
    if item.level is Level.LEADER:
        return told.people(order, "orders.lead", unit_id)
    above = _above(order, 1 if item.level is Level.UP_1 else 2)
    if above is None:
        return []
    _raise_attention(told, order, above, item)
    return told.people(order, "orders.supervise", above.id)


def _actors(told: _Told, order: Order, stage: Stage) -> list[int]:
    """Who must act now: the handler, who was asked, or else the desk."""
    if stage not in _BY_DESK:
        asked = order.mode is DispatchMode.DIRECT and order.status is OrderStatus.DISPATCHED
        person_id = order.offered_to_id if asked else order.holder_id
        if person_id is not None:
            return [person_id]
    return told.people(order, "orders.dispatch", order.handling_unit_id)


def _above(order: Order, levels: int) -> Unit | None:
    units = ancestors(get_unit(order.handling_unit_id))
    return units[levels - 1] if len(units) >= levels else None


def _raise_attention(told: _Told, order: Order, unit: Unit, item: Passed) -> None:
    """督办 by itself: the owner stays, the upper unit watches; never lower than before."""
    watching = get_unit(order.attention_unit_id)
    if not watching.path.startswith(unit.path) or watching.id == unit.id:
        return
    order.attention_unit_id = unit.id
    told.raised.append((order, item, unit.id))


def _write_raised(actor: Actor, raised: Sequence[tuple[Order, Passed, int]]) -> None:
    """The history's rows in few statements; none of them changes a stage."""
    at, events, contents = now(), [], []
    ids = reserve_ids(OrderEvent, len(raised)) if raised else []
    for event_id, (order, item, unit_id) in zip(ids, raised, strict=True):
        content = {
            "salt": secrets.token_hex(16),
            "note": f"{STAGE_WORDS[item.stage]}超期，自动督办。",
            "photo_ids": [],
            "details": {"unit_id": unit_id, "stage": item.stage.value},
        }
        event = next_row(
            order,
            Action.SUPERVISE,
            content,
            before=order.status,
            happened_at=at,
            recorded_at=at,
            actor_id=None,
            actor_name=actor.name,
        )
        events.append(event | {"id": event_id})
        contents.append(content | {"event_id": event_id})
    session.flush()
    for model, rows in ((OrderEvent, events), (OrderEventContent, contents)):
        if rows:
            session.execute(insert(table_of(model)), rows)


def _digests(told: _Told) -> Iterable[Message]:
    for person_id, of_person in told.by_person.items():
        items = list(of_person.values())
        if len(items) == 1:
            yield _message(person_id, *items[0], urgent=False)
            continue
        numbers = [order.number for order, _ in items]
        late = sum(item.is_late for _, item in items)
        some = "、".join(numbers[:_MOST_NUMBERS]) + ("等" if len(numbers) > _MOST_NUMBERS else "")
        params: dict[str, str | int] = {"count": len(numbers), "late": late, "numbers": some}
        yield Message(person_id, "order.due_digest", ("person", person_id), params)


def _message(person_id: int, order: Order, item: Passed, *, urgent: bool) -> Message:
    params: dict[str, str | int] = {
        "number": order.number,
        "stage": STAGE_WORDS[item.stage],
        "time": spoken(item.due_at),
    }
    moment = "order.overdue" if item.is_late else "order.due_soon"
    if item.level in (Level.UP_1, Level.UP_2):
        moment = "order.escalated"
    return Message(person_id, moment, (KIND, order.id), params, urgent)
