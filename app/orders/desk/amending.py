"""更正与补充: what staff put right in an order, and what they ask the resident for."""

from typing import Any

from sqlalchemy import select

from app.categories.queries import usable_category
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.orders.giving.service import call_anew, category_name
from app.orders.ticket.core import need_reason, take, write
from app.orders.ticket.models import Order, OrderContact
from app.orders.ticket.states import Action, ContentState
from app.orders.ticket.telling import requesters, tell
from app.organisation.models import Place, Unit
from app.organisation.queries import get_place, get_unit
from app.people.queries import holders_of


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
    """更正: category, urgency, place, contact or green channel, with the reason."""
    order = take(actor, order_id, Action.AMEND)
    earlier = order.urgency
    changed: dict[str, Any] = {}
    if category_id is not None:
        changed |= _change_category(order, category_id)
    if urgency is not None:
        changed["urgency"] = order.urgency = urgency
    if place_id is not None:
        changed |= _change_place(order, place_id)
    if green_channel is not None:
        if not actor.may("orders.lead", order.handling_path):
            raise Forbidden("order.leader_only", "绿色通道由领导确定。")
        order.green_channel = changed["green_channel"] = green_channel
        order.follower_id = actor.person_id if green_channel else None
    changed |= _change_contact(order, contact_name, contact_phone)
    if not changed:
        raise Invalid("order.nothing_changed", "请填写要更正的内容。")
    changed |= call_anew(order, earlier)
    write(
        actor, order, Action.AMEND, before=order.status, note=need_reason(reason), details=changed
    )
    tell(order, "amended", [*requesters(order), order.holder_id])
    if order.urgency is Urgency.EMERGENCY and earlier is not Urgency.EMERGENCY:
        watchers = holders_of("orders.acknowledge", order.handling_unit_id)
        tell(order, "emergency", watchers, urgent=True, category=category_name(order))
    return order


def pass_content(
    actor: Actor, order_id: int, *, state: ContentState, note: str | None = None
) -> Order:
    """Staff have looked at words and pictures: passed, held or refused for others than the staff."""
    order = take(actor, order_id, Action.CHECK_CONTENT)
    order.content_state = state
    write(
        actor,
        order,
        Action.CHECK_CONTENT,
        before=order.status,
        note=note,
        details={"content_state": state.value},
        visible=False,
    )
    return order


def _change_category(order: Order, category_id: int) -> dict[str, Any]:
    category = usable_category(category_id, order.handling_path)
    order.category_id = category.id
    order.urgency = category.urgency
    order.green_channel = order.green_channel or category.green_channel
    order.sensitive = category.sensitive
    order.public_place = category.public_place
    return {"category_id": category.id}


def _change_place(order: Order, place_id: int) -> dict[str, Any]:
    try:
        place, unit = _place_with_unit(place_id)
    except NotFound as missing:
        raise Invalid("place.unknown", "没有找到这个地点，请重新选择。") from missing
    if not unit.path.startswith(order.handling_path):
        raise Invalid("place.other_unit", "这个地点不归本单位，请用转办。")
    order.place_id = place.id
    order.grid_id = unit.id if unit.path != order.handling_path else None
    order.latitude, order.longitude = place.latitude, place.longitude
    return {"place_id": place_id}


def _place_with_unit(place_id: int) -> tuple[Place, Unit]:
    place = get_place(place_id)
    return place, get_unit(place.unit_id)


def _change_contact(order: Order, name: str | None, phone: str | None) -> dict[str, Any]:
    """The history names which parts changed, never what they are."""
    changed: list[str] = []
    contact = session.scalars(
        select(OrderContact).where(OrderContact.order_id == order.id)
    ).one_or_none()
    if contact is None:
        contact = OrderContact(order_id=order.id)
        session.add(contact)
    if name:
        contact.put(name=name)
        changed.append("name")
    if phone:
        plain = normalise_phone(phone)
        contact.put(phone=plain)
        order.contact_index = blind_index(plain)
        changed.append("phone")
    return {"contact": changed} if changed else {}
