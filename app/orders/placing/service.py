"""下单: a resident places an order, or staff enter it for a resident."""

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
from app.kernel.clock import local_midnight, now, to_local
from app.kernel.crypto import normalise_phone
from app.kernel.database import UTCDateTime, session
from app.kernel.database.fast.rows import fetch, reserve_ids, table_of
from app.kernel.errors import Forbidden, Invalid, TooMany
from app.orders.placing.keeping import keep_new
from app.orders.placing.locating import Spot, closed_unit, spot_of
from app.orders.record.telling import desk, requesters, tell
from app.orders.ticket.models import Contact, Order
from app.orders.ticket.models.placement import Placement, from_category
from app.orders.ticket.states import OPEN, Source
from app.organisation.models import Unit
from app.organisation.queries import hold_unit, is_open, setting, unit_above
from app.people.models import Person
from app.people.queries import get_person, holders_of, lock_person, name_of, phone_of, unit_paths_of

MAX_PHOTOS = 9
_ORDERS = table_of(Order)
RESIDENT_SOURCES = frozenset({Source.MINI_PROGRAM, Source.H5})


@dataclass(frozen=True, slots=True)
class _Party:
    """The person whom the order is for, the private person who placed it, and the contact.

    Staff who enter an order for another person are neither, unless they will not see it otherwise.
    """

    requester: Person | None
    placer_id: int | None
    name: str | None
    phone: str | None
    by_staff: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants and says of it; everything may be missing but something that tells it.

    `location` is latitude, longitude, coordinate_system and address; `on_behalf_of` person_id, or
    name and phone. `source`, `external_number` and `imposed_due_at` are for staff.
    """

    description: str | None = None
    category_id: int | None = None
    unit_id: int | None = None
    place_id: int | None = None
    location: Mapping[str, Any] | None = None
    photo_ids: Sequence[int] = ()
    voice_id: int | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    anonymous: bool = False
    urgency: Urgency | None = None
    answers: Mapping[str, Any] | None = None
    preferred_times: Sequence[Mapping[str, datetime]] = ()
    on_behalf_of: Mapping[str, Any] | None = None
    source: Source | None = None
    external_number: str | None = None
    imposed_due_at: datetime | None = None


def submit_order(actor: Actor, wish: Wish) -> Order:
    """下单: places an order with the community that acts for the place; returns it, submitted.

    One of description, voice, picture, category and phone is needed; a phone alone, given here,
    means 请社区打给我. `location` is {latitude, longitude, coordinate_system, address?},
    `on_behalf_of` {person_id?, name?, phone?}.

    Raises Invalid `order.empty`, `order.too_many_photos`, `order.photo_required`, `unit.closed`,
    `person.unknown`; Forbidden `order.on_behalf_staff_only`, `order.staff_only_field`,
    `category.staff_only`, `consent.required`, `person.desk_only`; TooMany `order.daily_limit`,
    `order.open_limit`; and what `spot_of`, `usable_category` and `check_answers` raise.
    """
    at = now()
    spot = spot_of(actor, wish.unit_id, wish.place_id, wish.location)
    category = (
        None if wish.category_id is None else usable_category(wish.category_id, spot.unit.path)
    )
    sees = _will_see(actor, spot.unit, category)
    party = _party(actor, spot.unit, wish, sees=sees)
    to_call = wish.contact_phone or (wish.on_behalf_of or {}).get("phone")
    if not (wish.description or category or wish.photo_ids or wish.voice_id or to_call):
        raise Invalid("order.empty", "请说一说什么事，或留下电话让社区打给您。")
    _check_content(party, category, wish.photo_ids)
    emergency = category is not None and category.urgency is Urgency.EMERGENCY
    if not party.by_staff:
        _check_staff_fields(wish)
        _check_limits(actor, spot.unit, at, emergency=emergency)
    goes_above = category is not None and category.to_unit_above
    unit = hold_unit((unit_above(spot.unit) if goes_above else spot.unit).id)
    if not is_open(unit):
        raise closed_unit()
    placement = _placement(wish, unit, category, party, spot)
    # The id is drawn before, since the first row of the history seals it.
    order = Order.placed(placement, reserve_ids(Order, 1)[0], at)
    on_word_of = order.requester_id if party.by_staff else None
    keep_new(actor, order, placement, note=order.description, on_word_of=on_word_of)
    _attach(actor, order)
    _tell_of_new(actor, order, category, page=emergency or party.by_staff)
    return order


def _placement(
    wish: Wish, unit: Unit, category: Category | None, party: _Party, spot: Spot
) -> Placement:
    return Placement(
        **from_category(category)
        | {
            "urgency": _urgency(party, category, wish.urgency),
            "green_channel": _is_green(party, category),
        },
        unit_id=unit.id,
        unit_path=unit.path,
        source=wish.source or (Source.WINDOW if party.by_staff else Source.MINI_PROGRAM),
        wished_urgency=None if party.by_staff else wish.urgency,
        anonymous=wish.anonymous,
        description=wish.description or None,
        answers=check_answers(category, wish.answers),
        preferred_times=[
            {end: to_local(moment).isoformat() for end, moment in span.items()}
            for span in wish.preferred_times
        ],
        photo_ids=wish.photo_ids,
        voice_id=wish.voice_id,
        grid_id=spot.grid_id,
        place_id=spot.place_id,
        latitude=spot.latitude,
        longitude=spot.longitude,
        requester_id=party.requester.id if party.requester else None,
        placer_id=party.placer_id,
        contact=Contact(party.name, party.phone, spot.address),
        imposed_due_at=wish.imposed_due_at,
        external_number=wish.external_number,
    )


def _party(actor: Actor, unit: Unit, wish: Wish, *, sees: bool) -> _Party:
    enters = actor.may("orders.enter", unit.path)
    entered_by = None if sees else actor.person_id
    given = wish.on_behalf_of or {}
    name = wish.contact_name or given.get("name")
    phone = wish.contact_phone or given.get("phone")
    phone = normalise_phone(phone) if phone else None
    if given.get("person_id") is not None:
        if not enters:
            raise Forbidden("order.on_behalf_staff_only", "代他人下单请填写对方的姓名和电话。")
        person = _known_person(actor, given["person_id"])
        name, phone = name or name_of(person.id), phone or phone_of(person.id)
        return _Party(person, entered_by, name, phone, True)
    if enters and given:
        return _Party(None, entered_by, name, phone, True)
    me = get_person(actor.own_id)
    if given:
        return _Party(None, me.id, name, phone, enters)
    # A building leader's own order is a resident's; staff enter what they find on patrol.
    by_staff = enters and actor.may("orders.see", unit.path)
    return _Party(me, None, name or name_of(me.id), phone or phone_of(me.id), by_staff)


def _will_see(actor: Actor, unit: Unit, category: Category | None) -> bool:
    """Whether the actor, as staff, will see the order; otherwise he or she sees it as its placer."""
    confidential = category is not None and category.sensitive
    return actor.may("orders.see", unit.path) and (
        not confidential or actor.may("orders.see_sensitive", unit.path)
    )


def _known_person(actor: Actor, person_id: int) -> Person:
    """The person, if of a unit where the actor may enter orders; others count as unknown."""
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


def _check_staff_fields(wish: Wish) -> None:
    given = wish.external_number is not None or wish.imposed_due_at is not None
    if given or (wish.source is not None and wish.source not in RESIDENT_SOURCES):
        raise Forbidden("order.staff_only_field", "有些内容只能由工作人员填写。")


_PLACED_TODAY = and_(
    _ORDERS.c.submitted_at >= bindparam("today", type_=UTCDateTime),
    _ORDERS.c.urgency != Urgency.EMERGENCY,
)
_WAITING = _ORDERS.c.status.in_(OPEN)
# Whether a person agreed to the privacy notice; his or her orders placed today; those still open.
_MINE = select(
    consented(Document.PRIVACY), func.count().filter(_PLACED_TODAY), func.count().filter(_WAITING)
).where(
    or_(
        _ORDERS.c.requester_id == bindparam("person_id"),
        _ORDERS.c.placer_id == bindparam("person_id"),
    ),
    or_(_PLACED_TODAY, _WAITING),
)


def _check_limits(actor: Actor, unit: Unit, at: datetime, *, emergency: bool) -> None:
    """Checks the consent, then by the unit's settings the orders of today and the open orders.

    Locks the person, so that the counts hold. An emergency needs the consent alone.
    """
    person = lock_person(actor.own_id)
    today = local_midnight(at)
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
    """Whether the order may page people: a resident's, by default, only twice a day."""
    if order.requester_id is None and order.placer_id is None:
        return True
    since = local_midnight(order.submitted_at)
    earlier = session.scalar(
        select(func.count()).where(
            (Order.requester_id == actor.person_id) | (Order.placer_id == actor.person_id),
            Order.urgency == Urgency.EMERGENCY,
            Order.submitted_at >= since,
            Order.id != order.id,
        )
    )
    return (earlier or 0) < int(setting(order.handling_unit_id, "orders.pages_daily"))
