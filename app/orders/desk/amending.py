"""更正 and 内容核对: staff correct an order, and check its words and pictures."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, select

from app.categories.queries import usable_category
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, instead_of_not_found
from app.orders.access.concern import refuse_own_words
from app.orders.giving.service import is_called_anew, page
from app.orders.record.core import hold_requester, need_reason, take, write
from app.orders.record.telling import requesters, tell
from app.orders.ticket.models import Amendment, Order, OrderContact, OrderEvent, OrderFollower
from app.orders.ticket.models.placement import point_text
from app.orders.ticket.states import Action, ContentState
from app.organisation.models import Place
from app.organisation.queries import entrance_of, get_place, get_unit
from app.people.queries import has_consent
from app.people.states import Document


def amend_order(
    actor: Actor,
    order_id: int,
    *,
    reason: str,
    category_id: int | None = None,
    urgency: Urgency | None = None,
    place_id: int | None = None,
    green_channel: bool | None = None,
    contact_name: str | None = None,
    contact_phone: str | None = None,
) -> Order:
    """更正: corrects category, urgency, place, contact or green channel; None leaves a field as it is.

    The green channel is for a leader. An order that becomes an emergency pages people. Raises
    Conflict `order.requester_left`; Forbidden `order.leader_only`; Invalid `order.nothing_changed`,
    `order.reason_required`, `place.unknown`, `place.other_unit`, `phone.invalid`; and what
    `hold_requester`, `take` and `usable_category` raise.
    """
    hold_requester(order_id)
    order = take(actor, order_id, Action.AMEND)
    category = None
    if category_id is not None:
        category = usable_category(category_id, order.handling_path)
    if green_channel is not None and not actor.may("orders.lead", order.handling_path):
        raise Forbidden("order.leader_only", "绿色通道由领导确定。")
    place = None if place_id is None else _place(order, place_id)
    wanted = Amendment(
        category=category,
        urgency=urgency,
        green_channel=green_channel,
        contact=_change_contact(order, contact_name, contact_phone),
        **({} if place is None else _whereabouts(order, place)),
    )
    if wanted == Amendment():
        raise Invalid("order.nothing_changed", "请填写要更正的内容。")
    earlier = order.urgency
    called = is_called_anew(order, urgency or (category.urgency if category else earlier))
    earlier_hands = (order.holder_id, *order.helper_ids)
    earlier_point = order.latitude, order.longitude
    order.amend(now(), actor.person_id, wanted, called=called)
    _seal_place(order, place, earlier_point)
    write(actor, order, note=need_reason(reason))
    tell(order, "amended", [*requesters(order), order.holder_id])
    if order.sensitive:
        _keep_from_others(order, earlier_hands)
    if order.urgency is Urgency.EMERGENCY and earlier is not Urgency.EMERGENCY:
        page(order)
    return order


def _keep_from_others(order: Order, earlier_hands: Sequence[int | None]) -> None:
    """Nobody follows a confidential order any more; people who had it from the pool have it no longer."""
    session.execute(delete(OrderFollower).where(OrderFollower.order_id == order.id))
    if not order.is_held:
        tell(order, "recalled", earlier_hands)


def pass_content(
    actor: Actor, order_id: int, *, state: ContentState, note: str | None = None
) -> Order:
    """内容核对: sets whether people outside the staff may read the words and see the pictures.

    Raises what `take` raises.
    """
    order = take(actor, order_id, Action.CHECK_CONTENT)
    refuse_own_words(actor, order)
    order.pass_content(now(), state)
    write(actor, order, note=note, visible=False)
    return order


def _place(order: Order, place_id: int) -> Place:
    """The other place; raises Invalid `place.unknown`, `place.other_unit`."""
    with instead_of_not_found(Invalid("place.unknown", "没有找到这个地点，请重新选择。")):
        place = get_place(place_id)
        unit = get_unit(place.unit_id)
    if not unit.path.startswith(order.handling_path):
        raise Invalid("place.other_unit", "这个地点不归本单位，请用转办。")
    return place


def _whereabouts(order: Order, place: Place) -> dict[str, Any]:
    """The fields of an Amendment for that place: of a room (室) the doorway or building around it."""
    unit, entrance = get_unit(place.unit_id), entrance_of(place)
    return {
        "place_id": entrance.id,
        "grid_id": unit.id if unit.path != order.handling_path else None,
        "latitude": entrance.latitude if _keeps_point(order) else None,
        "longitude": entrance.longitude if _keeps_point(order) else None,
    }


def _keeps_point(order: Order) -> bool:
    """Whether the order may have a point: it has one already, or its person has agreed to that."""
    if order.latitude is not None:
        return True
    person_id = order.requester_id or order.placer_id
    return person_id is None or has_consent(person_id, Document.EXACT_LOCATION)


def _seal_place(
    order: Order, place: Place | None, earlier_point: tuple[float | None, float | None]
) -> None:
    """Seals the room and the exact point where the order's own row no longer has them."""
    if place is not None:
        exact = place.latitude, place.longitude
        room = str(place.id) if place.id != order.place_id else None
        kept = order.latitude is not None and None not in exact
        point = point_text(*exact) if kept else None
        if room or point or session.get(OrderContact, order.id) is not None:
            _contact_of(order).put(room=room, point=point)
    elif earlier_point != (order.latitude, order.longitude):
        _contact_of(order).put(point=point_text(*earlier_point))


def _contact_of(order: Order) -> OrderContact:
    contact = session.get(OrderContact, order.id)
    if contact is None:
        contact = OrderContact(order_id=order.id)
        session.add(contact)
    return contact


def _has_lost_requester(order: Order) -> bool:
    """Whether an erasure has taken away the order's requester, and the name and phone to call."""
    contact = session.get(OrderContact, order.id)
    if order.requester_id is not None or (contact and (contact.name or contact.phone)):
        return False
    erased = exists().where(OrderEvent.order_id == order.id, OrderEvent.action == Action.ERASE)
    return bool(session.scalar(select(erased)))


def _change_contact(order: Order, name: str | None, phone: str | None) -> tuple[str, ...]:
    """Seals the new contact; returns the names of the changed fields, never their values."""
    if not name and not phone:
        return ()
    if _has_lost_requester(order):
        raise Conflict("order.requester_left", "下单人已注销，不能再填写联系人。")
    contact = _contact_of(order)
    if name:
        contact.put(name=name)
    if phone:
        plain = normalise_phone(phone)
        contact.put(phone=plain)
        order.contact_index = blind_index(plain)
    return tuple(part for part, given in (("name", name), ("phone", phone)) if given)
