"""更正 and 内容核对: staff correct an order, and check its words and pictures."""

from typing import Any

from app.categories.queries import usable_category
from app.categories.states import Urgency
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid, instead_of_not_found
from app.orders.giving.service import is_called_anew, page
from app.orders.record.core import need_reason, take, write
from app.orders.record.telling import requesters, tell
from app.orders.ticket.models import Amendment, Order, OrderContact
from app.orders.ticket.states import Action, ContentState
from app.organisation.queries import get_place, get_unit


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
    Forbidden `order.leader_only`; Invalid `order.nothing_changed`, `order.reason_required`,
    `place.unknown`, `place.other_unit`, `phone.invalid`; and what `take` and `usable_category` raise.
    """
    order = take(actor, order_id, Action.AMEND)
    category = None
    if category_id is not None:
        category = usable_category(category_id, order.handling_path)
    if green_channel is not None and not actor.may("orders.lead", order.handling_path):
        raise Forbidden("order.leader_only", "绿色通道由领导确定。")
    wanted = Amendment(
        category=category,
        urgency=urgency,
        green_channel=green_channel,
        contact=_change_contact(order, contact_name, contact_phone),
        **_place(order, place_id),
    )
    if wanted == Amendment():
        raise Invalid("order.nothing_changed", "请填写要更正的内容。")
    earlier = order.urgency
    called = is_called_anew(order, urgency or (category.urgency if category else earlier))
    order.amend(now(), actor.person_id, wanted, called=called)
    write(actor, order, note=need_reason(reason))
    tell(order, "amended", [*requesters(order), order.holder_id])
    if order.urgency is Urgency.EMERGENCY and earlier is not Urgency.EMERGENCY:
        page(order)
    return order


def pass_content(
    actor: Actor, order_id: int, *, state: ContentState, note: str | None = None
) -> Order:
    """内容核对: sets whether people outside the staff may read the words and see the pictures.

    Raises what `take` raises.
    """
    order = take(actor, order_id, Action.CHECK_CONTENT)
    order.pass_content(now(), state)
    write(actor, order, note=note, visible=False)
    return order


def _place(order: Order, place_id: int | None) -> dict[str, Any]:
    """The fields of an Amendment for another place; Invalid `place.unknown`, `place.other_unit`."""
    if place_id is None:
        return {}
    with instead_of_not_found(Invalid("place.unknown", "没有找到这个地点，请重新选择。")):
        place = get_place(place_id)
        unit = get_unit(place.unit_id)
    if not unit.path.startswith(order.handling_path):
        raise Invalid("place.other_unit", "这个地点不归本单位，请用转办。")
    return {
        "place_id": place.id,
        "grid_id": unit.id if unit.path != order.handling_path else None,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


def _change_contact(order: Order, name: str | None, phone: str | None) -> tuple[str, ...]:
    """Seals the new contact; returns the names of the changed fields, never their values."""
    if not name and not phone:
        return ()
    contact = session.get(OrderContact, order.id)
    if contact is None:
        contact = OrderContact(order_id=order.id)
        session.add(contact)
    if name:
        contact.put(name=name)
    if phone:
        plain = normalise_phone(phone)
        contact.put(phone=plain)
        order.contact_index = blind_index(plain)
    return tuple(part for part, given in (("name", name), ("phone", phone)) if given)
