"""A rung of the ladder has come: people are told, and a unit above watches from then on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from app.deadlines.computing.states import STAGE_WORDS, Level, Stage
from app.deadlines.standing.events import DeadlinesMoved, DeadlinesPassed, Passed, SubjectsMoving
from app.kernel.actor import Actor
from app.kernel.clock import now, spoken
from app.kernel.database import session
from app.kernel.database.fast.rows import known
from app.notifications.service import Message, notify_each
from app.orders.record.core import act_of, append_history, entry_of
from app.orders.record.telling import cleared_holders, tell_promise
from app.orders.record.timing import KIND, set_dates
from app.orders.ticket.models import Order
from app.orders.ticket.states import DispatchMode, OrderStatus
from app.organisation.models import Unit
from app.organisation.queries import ancestors, get_unit

_BY_DESK = frozenset({Stage.ACKNOWLEDGE, Stage.ARRANGE})
_MOST_NUMBERS = 5


@dataclass(slots=True)
class _Told:
    """What each person hears in this batch; and the holders of permissions, each read once."""

    by_person: dict[int, dict[int, tuple[Order, Passed]]] = field(default_factory=dict)
    alone: list[Message] = field(default_factory=list)
    raised: list[tuple[Order, Passed, int]] = field(default_factory=list)
    holders: dict[tuple[str, int, bool], list[int]] = field(default_factory=dict)

    def people(self, order: Order, permission: str, unit_id: int) -> list[int]:
        """The people who hold the permission at the unit and may know of the order."""
        key = (permission, unit_id, order.sensitive)
        if key not in self.holders:
            self.holders[key] = cleared_holders(order, permission, unit_id)
        return self.holders[key]


def hold_orders(actor: Actor, event: SubjectsMoving) -> None:
    """Locks the orders of the event that are free; adds the ids of the others to `postponed`."""
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
    """Writes new dates after a change of policy or calendar; tells residents of another day."""
    del actor
    if event.subject_kind != KIND:
        return
    for order in known(Order, event.dates).values():
        if set_dates(order, event.dates[order.id]):
            tell_promise(order)
    session.flush()


def remind(actor: Actor, event: DeadlinesPassed) -> None:
    """Tells the people whom the rungs name; a rung above the community raises a unit's attention.

    A person gets one message for all orders of the batch, and one more for each emergency.
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
            # Of several stages of one order the person hears of the earliest alone.
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
    above = ancestors(get_unit(unit_id))
    levels = 1 if item.level is Level.UP_1 else 2
    if len(above) < levels:
        return []
    upper = above[levels - 1]
    _raise_attention(told, order, upper, item)
    return told.people(order, "orders.supervise", upper.id)


def _actors(told: _Told, order: Order, stage: Stage) -> list[int]:
    """The people who must act now: the handler, the person with the offer, or else the desk."""
    if stage not in _BY_DESK:
        asked = order.mode is DispatchMode.DIRECT and order.status is OrderStatus.DISPATCHED
        person_id = order.offered_to_id if asked else order.holder_id
        if person_id is not None:
            return [person_id]
    return told.people(order, "orders.dispatch", order.handling_unit_id)


def _raise_attention(told: _Told, order: Order, unit: Unit, item: Passed) -> None:
    """自动督办: the upper unit will watch, unless a unit at its height or above watches already."""
    watching = get_unit(order.attention_unit_id)
    if not watching.path.startswith(unit.path) or watching.id == unit.id:
        return
    told.raised.append((order, item, unit.id))


def _write_raised(actor: Actor, raised: Sequence[tuple[Order, Passed, int]]) -> None:
    """Writes the rows of all histories in few statements; 督办 changes no stage of a deadline."""
    at, entries = now(), []
    for order, item, unit_id in raised:
        order.supervise(at, unit_id=unit_id, stage=item.stage)
        entry = entry_of(
            order,
            act_of(order),
            note=f"{STAGE_WORDS[item.stage]}超期，自动督办。",
            actor_id=None,
            actor_name=actor.name,
            recorded_at=at,
        )
        order.forget_act()
        entries.append(entry)
    session.flush()
    append_history(entries)


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
