"""下单: a resident places an order, or staff place it on somebody's behalf."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select

from app.categories.models import Category
from app.categories.queries import check_answers, usable_category
from app.categories.states import URGENCY_RANK, NeedsPhoto, Urgency
from app.files.service import attach
from app.files.states import FileKind
from app.identity.queries import consented
from app.identity.states import Document
from app.kernel.actor import Actor
from app.kernel.clock import LOCAL, now, to_local
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import UTCDateTime, session
from app.kernel.database.fast.rows import fetch, insert_row, reserve_ids, table_of
from app.kernel.errors import Forbidden, Invalid, TooMany
from app.kernel.events import announce
from app.orders.placing.locating import closed_unit, spot_of
from app.orders.ticket.core import write
from app.orders.ticket.events import OrderSubmitted
from app.orders.ticket.models import Order, OrderContact
from app.orders.ticket.states import OPEN, Action, OrderStatus, Source
from app.orders.ticket.telling import desk, requesters, tell
from app.orders.ticket.words import keep_words
from app.organisation.models import Unit
from app.organisation.queries import (
    ancestors,
    hold_unit,
    is_open,
    setting,
)
from app.people.models import Person
from app.people.queries import (
    get_person,
    holders_of,
    lock_person,
    name_of,
    phone_of,
    unit_paths_of,
)

MAX_PHOTOS = 9
_ORDERS = table_of(Order)
RESIDENT_SOURCES = frozenset({Source.MINI_PROGRAM, Source.H5})


@dataclass(frozen=True, slots=True)
class _Party:
    """Who it is for and who placed it; staff who enter it for another are neither."""

    requester: Person | None
    placer_id: int | None
    name: str | None
    phone: str | None
    by_staff: bool


def submit_order(
    actor: Actor,
    *,
    description: str | None = None,
    category_id: int | None = None,
    unit_id: int | None = None,
    place_id: int | None = None,
    location: Mapping[str, Any] | None = None,
    photo_ids: Sequence[int] = (),
    voice_id: int | None = None,
    contact_name: str | None = None,
    contact_phone: str | None = None,
    anonymous: bool = False,
    urgency: Urgency | None = None,
    answers: Mapping[str, Any] | None = None,
    preferred_times: Sequence[Mapping[str, datetime]] = (),
    on_behalf_of: Mapping[str, Any] | None = None,
    source: Source | None = None,
    external_number: str | None = None,
    imposed_due_at: datetime | None = None,
) -> Order:
    """Places an order with the community that acts for the place; answers it as submitted.

    Everything may be missing as long as something tells what to do: words, a voice note, a picture, a
    category, or a phone given here to call back (请社区打给我); the one on file asks for nothing.
    """
    at = now()
    spot = spot_of(actor, unit_id, place_id, location)
    category = None if category_id is None else usable_category(category_id, spot.unit.path)
    sees = _will_see(actor, spot.unit, category)
    party = _party(actor, spot.unit, on_behalf_of, contact_name, contact_phone, sees=sees)
    to_call = contact_phone or (on_behalf_of or {}).get("phone")
    if not (description or category or photo_ids or voice_id or to_call):
        raise Invalid("order.empty", "请说一说什么事，或留下电话让社区打给您。")
    _check_content(party, category, photo_ids)
    _check_staff_fields(
        party,
        category,
        source,
        {"external_number": external_number, "imposed_due_at": imposed_due_at},
    )
    emergency = category is not None and category.urgency is Urgency.EMERGENCY
    if not party.by_staff:
        _check_limits(actor, spot.unit, at, emergency=emergency)
    unit = hold_unit(_acting_unit(spot.unit, category).id)
    if not is_open(unit):
        raise closed_unit()
    order = Order(
        # Drawn before, since the first row of the history seals it.
        id=reserve_ids(Order, 1)[0],
        round=1,
        version=0,
        head="",
        status=OrderStatus.SUBMITTED,
        handling_unit_id=unit.id,
        handling_path=unit.path,
        first_unit_id=unit.id,
        attention_unit_id=unit.id,
        grid_id=spot.grid_id,
        place_id=spot.place_id,
        latitude=spot.latitude,
        longitude=spot.longitude,
        category_id=category_id,
        urgency=_urgency(party, category, urgency),
        wished_urgency=None if party.by_staff else urgency,
        green_channel=_is_green(party, category),
        sensitive=category is not None and category.sensitive,
        public_place=category is not None and category.public_place,
        anonymous=anonymous,
        source=source or (Source.WINDOW if party.by_staff else Source.MINI_PROGRAM),
        external_number=external_number,
        description=description or None,
        answers=check_answers(category, answers),
        preferred_times=[_spoken_span(span) for span in preferred_times],
        photo_ids=list(photo_ids),
        voice_id=voice_id,
        requester_id=party.requester.id if party.requester else None,
        placer_id=party.placer_id,
        contact_index=blind_index(party.phone) if party.phone else None,
        people_needed=2 if category is not None and category.two_people else 1,
        visit_code=f"{secrets.randbelow(10_000):04d}",
        submitted_at=at,
        entered_at=at,
        imposed_due_at=imposed_due_at,
    )
    write(
        actor,
        order,
        Action.SUBMIT,
        before=None,
        note=order.description,
        photo_ids=order.photo_ids,
        on_word_of=order.requester_id if party.by_staff else None,
    )
    _seal_contact(order, party, spot.address)
    _attach(actor, order)
    keep_words([order])
    _tell_of_new(actor, order, category, page=emergency or party.by_staff)
    announce(OrderSubmitted(order.id, order.round))
    return order


def _acting_unit(unit: Unit, category: Category | None) -> Unit:
    if category is None or not category.to_unit_above:
        return unit
    above = ancestors(unit)
    return above[0] if above else unit


def _party(
    actor: Actor,
    unit: Unit,
    on_behalf_of: Mapping[str, Any] | None,
    contact_name: str | None,
    contact_phone: str | None,
    *,
    sees: bool,
) -> _Party:
    enters = actor.may("orders.enter", unit.path)
    given = on_behalf_of or {}
    name = contact_name or given.get("name")
    phone = contact_phone or given.get("phone")
    phone = normalise_phone(phone) if phone else None
    if given.get("person_id") is not None:
        if not enters:
            raise Forbidden("order.on_behalf_staff_only", "代他人下单请填写对方的姓名和电话。")
        person = _known_person(actor, given["person_id"])
        placer = None if sees else actor.person_id
        return _Party(
            person, placer, name or name_of(person.id), phone or phone_of(person.id), True
        )
    if enters and given:
        placer = None if sees else actor.person_id
        return _Party(None, placer, name, phone, True)
    me = get_person(actor.own_id)
    if given:
        return _Party(None, me.id, name, phone, enters)
    # For himself a building leader is a resident; staff enter what they find on patrol.
    by_staff = enters and actor.may("orders.see", unit.path)
    return _Party(me, None, name or name_of(me.id), phone or phone_of(me.id), by_staff)


def _will_see(actor: Actor, unit: Unit, category: Category | None) -> bool:
    """Whether staff find what they enter on their lists; who does not keeps it as its placer."""
    confidential = category is not None and category.sensitive
    return actor.may("orders.see", unit.path) and (
        not confidential or actor.may("orders.see_sensitive", unit.path)
    )


def _known_person(actor: Actor, person_id: int) -> Person:
    """Somebody of a unit where the actor may enter orders; anybody else is as good as unknown."""
    if not any(actor.may("orders.enter", path) for path in unit_paths_of(person_id)):
        raise Invalid("person.unknown", "没有找到这位居民，请填写姓名和电话。")
    return get_person(person_id)


def _check_content(party: _Party, category: Category | None, photo_ids: Sequence[int]) -> None:
    if len(photo_ids) > MAX_PHOTOS:
        raise Invalid("order.too_many_photos", f"照片最多{MAX_PHOTOS}张。")
    if category is None or party.by_staff:
        return
    if category.staff_only:
        raise Forbidden("category.staff_only", "这一类请到社区或打电话，由工作人员登记。")
    if category.needs_photo is NeedsPhoto.BEFORE and not photo_ids:
        raise Invalid(
            "order.photo_required", "请拍一张照片。", errors={"photo_ids": ["请拍一张照片。"]}
        )


def _check_staff_fields(
    party: _Party, category: Category | None, source: Source | None, fields: Mapping[str, Any]
) -> None:
    if party.by_staff:
        return
    given = [name for name, value in fields.items() if value is not None]
    if given or (source is not None and source not in RESIDENT_SOURCES):
        raise Forbidden("order.staff_only_field", "有些内容只能由工作人员填写。")


_PLACED_TODAY = and_(
    _ORDERS.c.submitted_at >= bindparam("today", type_=UTCDateTime),
    _ORDERS.c.urgency != Urgency.EMERGENCY,
)
_WAITING = _ORDERS.c.status.in_(OPEN)
# Whether somebody has agreed to it at all, how many he or she has placed today, and how many are open.
_MINE = select(
    consented(Document.PRIVACY),
    func.count().filter(_PLACED_TODAY),
    func.count().filter(_WAITING),
).where(
    or_(
        _ORDERS.c.requester_id == bindparam("person_id"),
        _ORDERS.c.placer_id == bindparam("person_id"),
    ),
    or_(_PLACED_TODAY, _WAITING),
)


def _check_limits(actor: Actor, unit: Unit, at: datetime, *, emergency: bool) -> None:
    """Consent, then 5 a day and 10 open, counted under the person's lock; emergencies always pass."""
    person = lock_person(actor.own_id)
    today = to_local(at).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(LOCAL)
    ((agreed, placed, waiting),) = fetch(_MINE, {"person_id": person.id, "today": today})
    if not agreed:
        raise Forbidden("consent.required", "请先阅读并同意隐私说明。")
    if emergency:
        return
    if person.is_desk_only(at):
        raise Forbidden("person.desk_only", "您目前只能打电话或到社区办理，如有异议可以申诉。")
    if placed >= setting(unit.id, "orders.resident_daily"):
        tomorrow = int((today + timedelta(days=1) - at).total_seconds())
        raise TooMany(
            "order.daily_limit",
            "您今天下的单已经够多了，请明天再来或给社区打电话。",
            retry_after=tomorrow,
        )
    if waiting >= setting(unit.id, "orders.resident_open"):
        raise TooMany(
            "order.open_limit",
            "您还有不少工单在办，办好几件后再下单，急事请打电话。",
            retry_after=3600,
        )


def _urgency(party: _Party, category: Category | None, wished: Urgency | None) -> Urgency:
    base = category.urgency if category is not None else Urgency.NORMAL
    if not party.by_staff or wished is None:
        return base
    return max(base, wished, key=URGENCY_RANK.index)


def _is_green(party: _Party, category: Category | None) -> bool:
    return (category is not None and category.green_channel) or (
        party.requester is not None and party.requester.green
    )


def _spoken_span(span: Mapping[str, datetime]) -> dict[str, str]:
    return {end: to_local(moment).isoformat() for end, moment in span.items()}


def _seal_contact(order: Order, party: _Party, address: str | None) -> None:
    contact = OrderContact(order_id=order.id)
    contact.put(name=party.name, phone=party.phone, address=address)
    insert_row(contact)


def _attach(actor: Actor, order: Order) -> None:
    subject = ("order", order.id)
    if order.photo_ids:
        attach(actor, order.photo_ids, subject, kind=FileKind.PICTURE)
    if order.voice_id is not None:
        attach(actor, [order.voice_id], subject, kind=FileKind.VOICE)


def _tell_of_new(actor: Actor, order: Order, category: Category | None, *, page: bool) -> None:
    named = category.name if category is not None else "请社区帮忙分类"
    tell(order, "placed", requesters(order))
    if order.urgency is Urgency.EMERGENCY and page and _may_page(actor, order):
        watchers = holders_of("orders.acknowledge", order.handling_unit_id)
        tell(order, "emergency", watchers, urgent=True, category=named)
    else:
        tell(order, "new", desk(order), category=named, urgent=order.urgency is Urgency.EMERGENCY)


def _may_page(actor: Actor, order: Order) -> bool:
    """A resident pages people at most twice a day; further emergencies go to the desk at once."""
    if order.requester_id is None and order.placer_id is None:
        return True
    since = to_local(order.submitted_at).replace(hour=0, minute=0, second=0, microsecond=0)
    earlier = session.scalar(
        select(func.count()).where(
            (Order.requester_id == actor.person_id) | (Order.placer_id == actor.person_id),
            Order.urgency == Urgency.EMERGENCY,
            Order.submitted_at >= since,
            Order.id != order.id,
        )
    )
    return (earlier or 0) < int(setting(order.handling_unit_id, "orders.pages_daily"))
