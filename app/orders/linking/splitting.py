"""会办: an order is split into parts for several handlers, and is done when all parts are settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.categories.models import Category
from app.categories.queries import category_or_none
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import reserve_ids
from app.kernel.errors import Conflict, Forbidden, Invalid, instead_of_not_found
from app.orders.access.policy import is_requester
from app.orders.giving.service import check_person, lock_handler, tell_given, to_person
from app.orders.linking.merging import outcome_hearers
from app.orders.linking.parts import has_open_parts
from app.orders.placing.keeping import keep_new
from app.orders.record.core import take, write
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Contact, Order, OrderContact, OrderEvent, Placement
from app.orders.ticket.states import OPEN, SETTLED, STAFF_WORDS, Action, ContentState, DispatchMode
from app.organisation.models import Unit
from app.organisation.queries import get_unit, hold_unit, is_open, parent_path

_GATHERER = Actor.system("orders.gather")
_CANCELLER = Actor.system("orders.cancel_children")


def split_order(actor: Actor, order_id: int, *, parts: Sequence[Mapping[str, Any]]) -> Order:
    """会办: makes a new order of each part, for a unit's desk or for a person.

    A part is `{unit_id?, assignee_id?, task, due_at?}`. The dispatcher who splits is the requester of
    the parts; the resident sees the parent alone. Raises Conflict `order.is_part`; Invalid
    `order.parts_required`, `order.part_for_whom`, `unit.unknown`, `order.due_in_the_past`; Forbidden
    `order.not_allowed`; and what `take` and `check_person` raise.
    """
    for person_id in sorted({part["assignee_id"] for part in parts if part.get("assignee_id")}):
        lock_handler(person_id)
    order = take(actor, order_id, Action.SPLIT)
    if order.parent_id is not None:
        raise Conflict("order.is_part", "会办的一部分不能再分。")
    if not parts:
        raise Invalid("order.parts_required", "请写明由谁办哪一部分。")
    at = now()
    units = [_unit_of(actor, order, part, at) for part in parts]
    children = [
        _create_part(actor, order, unit, part, at) for unit, part in zip(units, parts, strict=True)
    ]
    order.split(at, parts=[child.number for child in children])
    write(actor, order)
    return order


def _unit_of(actor: Actor, order: Order, part: Mapping[str, Any], at: datetime) -> Unit:
    """The unit of a part, by default that of the order; checks the part as a whole."""
    due_at, unit_id = part.get("due_at"), part.get("unit_id")
    if due_at is not None and due_at <= at:
        raise Invalid("order.due_in_the_past", "办结时间要在现在之后。")
    if unit_id is None and part.get("assignee_id") is None:
        raise Invalid("order.part_for_whom", "请写明每一部分由哪个单位或哪个人办。")
    if unit_id is None or unit_id == order.handling_unit_id:
        return get_unit(order.handling_unit_id)
    unit = _reachable_unit(actor, order, unit_id)
    if part.get("assignee_id") is not None and not actor.may("orders.dispatch", unit.path):
        raise Forbidden("order.not_allowed", "别的单位由谁办，请由那个单位安排。")
    return unit


def _reachable_unit(actor: Actor, order: Order, unit_id: int) -> Unit:
    """An open unit below the parent of the order's unit, or where the dispatcher may dispatch."""
    unknown = Invalid("unit.unknown", "没有找到这个单位，请重新选择。")
    with instead_of_not_found(unknown):
        unit = get_unit(unit_id)
    roof = parent_path(order.handling_path) or order.handling_path
    within = (roof, *actor.paths("orders.dispatch"))
    if not is_open(unit) or not any(unit.path.startswith(path) for path in within):
        raise unknown
    return unit


def _create_part(
    actor: Actor, order: Order, unit: Unit, part: Mapping[str, Any], at: datetime
) -> Order:
    placement = _placement(actor, order, hold_unit(unit.id), part["task"])
    child = Order.placed(placement, reserve_ids(Order, 1)[0], at)
    child.note(parent=order.number, due_at=part.get("due_at") or order.due_at)
    keep_new(actor, child, placement, note=child.task)
    assignee_id = part.get("assignee_id")
    if assignee_id is None:
        tell(child, "part", desk(child))
        return child
    person = check_person(child, assignee_id, at)
    child.give_out(Action.DISPATCH, at, to_person(DispatchMode.DIRECT, person))
    write(actor, child)
    tell_given(child)
    return child


def _placement(actor: Actor, order: Order, unit: Unit, task: str) -> Placement:
    """The part as its unit must know it: place and category of the order, and its own task."""
    category = category_or_none(order.category_id)
    usable = category is not None and category.serves(unit.path)
    return Placement(
        unit_id=unit.id,
        unit_path=unit.path,
        source=order.source,
        urgency=order.urgency,
        category_id=order.category_id if usable else None,
        green_channel=order.green_channel,
        sensitive=order.sensitive,
        # Neighbours find and join the parent, not its parts.
        public_place=False,
        anonymous=order.anonymous,
        description=task,
        task=task,
        content_state=ContentState.PASSED,
        grid_id=order.grid_id if unit.id == order.handling_unit_id else None,
        place_id=order.place_id,
        latitude=order.latitude,
        longitude=order.longitude,
        placer_id=actor.person_id,
        contact=_contact(order),
        visit_code=order.visit_code,
        parent_id=order.id,
    )


def _contact(order: Order) -> Contact:
    source = session.get(OrderContact, order.id)
    if source is None or order.anonymous:
        return Contact()
    return Contact(**{field: source.opened(field) for field in OrderContact.FIELDS})


def check_parts(order: Order) -> None:
    """Raises Conflict `order.parts_open` while a part of the order is not settled."""
    if has_open_parts(order):
        raise Conflict("order.parts_open", "会办的各方还没有都办完，办完后会自动转入回访。")


def gather_parent(order: Order) -> None:
    """Completes the parent of a part that was just settled, if it was the last one.

    Does not wait for a parent that another transaction has locked, because that transaction may wait
    for this part; the timetable gathers such a parent a minute later.
    """
    if order.parent_id is None:
        return
    free = (
        select(Order)
        .where(Order.id == order.parent_id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    parent = session.scalars(free.execution_options(populate_existing=True)).one_or_none()
    if parent is not None:
        gather(parent)


def gather(parent: Order) -> None:
    """会办完成: completes a locked parent that is open and whose parts of this round are all settled."""
    parts = _parts_of_round(parent)
    if parent.status not in OPEN or not parts or any(p.status not in SETTLED for p in parts):
        return
    parent.gather(now())
    units = {part.handling_unit_id: get_unit(part.handling_unit_id).name for part in parts}
    outcomes = [
        f"{units[part.handling_unit_id]}：{part.task}（{STAFF_WORDS[part.status]}）"
        for part in parts
    ]
    write(_GATHERER, parent, note="\n".join(outcomes))
    tell(parent, "gathered", [parent.holder_id, *desk(parent)])
    tell_completed(parent, category_or_none(parent.category_id))


def _parts_of_round(parent: Order) -> list[Order]:
    since = session.scalar(
        select(func.min(OrderEvent.happened_at)).where(
            OrderEvent.order_id == parent.id,
            OrderEvent.action == Action.SPLIT,
            OrderEvent.round == parent.round,
        )
    )
    if since is None:
        return []
    parts = select(Order).where(Order.parent_id == parent.id, Order.submitted_at >= since)
    return list(session.scalars(parts.order_by(Order.id)))


def tell_completed(order: Order, category: Category | None) -> None:
    """Asks the desk to check a completed order, where the category wants it; else tells residents."""
    if category is not None and category.check_before_answer and order.checked_at is None:
        tell(order, "to_check", desk(order))
    else:
        tell(order, "completed", requesters(order))
        tell(order, "outcome", outcome_hearers(order))


def cancel_children(actor: Actor, order: Order, at: datetime) -> None:
    """撤单 of the open parts of a withdrawn order; their handlers and desks are told."""
    # The history of a part must not name the requester of an anonymous parent.
    by = _CANCELLER if is_requester(actor, order) else actor
    parts = select(Order).where(Order.parent_id == order.id, Order.status.in_(OPEN))
    for part in session.scalars(lock(parts.order_by(Order.id))).all():
        people = [part.holder_id, part.offered_to_id, *desk(part)]
        part.cancel(Action.CANCEL, at)
        write(by, part, note=f"主单{order.number}号已终止。")
        tell(part, "cancelled", people)
