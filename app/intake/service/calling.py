"""来电查询: who calls, where the person lives, what is under way there; a reveal for the reason 来电."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.categories.queries import names_of as category_names
from app.intake.policy import caller_paths
from app.intake.queries.banners import BannerView, page_of_banners
from app.intake.queries.callers import Known, open_orders_of, people_with
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import session
from app.kernel.errors import Forbidden
from app.kernel.limits import hit
from app.orders.ticket.models import Order, OrderContact
from app.organisation.geometry import CoordinateSystem
from app.organisation.queries import place_names, unit_names
from app.people.states import NAMELESS

REASON = "来电"
A_MINUTE = 30
_MOST_BANNERS = 5


@dataclass(frozen=True, slots=True)
class Caller:
    """One who left the phone; of a person of other units (`masked`) there is the masked name alone.

    `id` is None for somebody without an account, whom an order alone names.
    """

    id: int | None
    name: str
    masked: bool
    unit: dict[str, Any] | None
    building: dict[str, Any] | None
    orders: list[dict[str, Any]]
    banners: list[BannerView]


def look_up_caller(actor: Actor, phone: str) -> list[Caller]:
    """Everybody who left exactly this phone, people of the desk's own units first.

    Each hit is an audit row; where there is none, the unit gets one. Anonymous orders are left out.
    Somebody without an account is one hit for each name that the orders give.
    Raises Forbidden `caller.not_allowed`, TooMany `rate.exceeded` after 30 calls in a minute, Invalid
    `phone.invalid`.
    """
    paths = caller_paths(actor)
    if not paths:
        raise Forbidden("caller.not_allowed", "您不能查询来电。")
    hit(f"caller:{actor.own_id}", limit=A_MINUTE, seconds=60)
    index = blind_index(normalise_phone(phone))
    people = people_with(index, paths)
    own = [known for known in people if known.is_own]
    orders = open_orders_of(actor, paths, index, [known.person.id for known in own])
    theirs: dict[int | None, list[Order]] = {known.person.id: [] for known in own}
    others = [order for order in orders if order.requester_id not in theirs]
    for order in orders:
        if order.requester_id in theirs:
            theirs[order.requester_id].append(order)
    found = [_own(actor, known, theirs[known.person.id]) for known in own]
    found += [_without_account(actor, name, named) for name, named in _by_name(others)]
    found += [_elsewhere(actor, known) for known in people if not known.is_own]
    if not found:
        unit_id = int(paths[0].split("/")[-2])
        audit.record(actor, "person.searched", "unit", unit_id, reason=REASON, unit_id=unit_id)
    return found


def _own(actor: Actor, known: Known, orders: Sequence[Order]) -> Caller:
    person = known.person
    _record(actor, "person.revealed", ("person", person.id), person.home_unit_id)
    return Caller(
        id=person.id,
        name=person.full_name,
        masked=False,
        unit=_named(person.home_unit_id, unit_names),
        building=_named(person.home_place_id, place_names),
        orders=[_shown(order) for order in orders],
        banners=_banners(actor, person.home_place_id, person.home_unit_id),
    )


def _by_name(orders: Sequence[Order]) -> list[tuple[str, list[Order]]]:
    """The orders of each name to call, apart for each person who asked: a family shares one phone."""
    if not orders:
        return []
    ids = [order.id for order in orders]
    contacts = session.scalars(select(OrderContact).where(OrderContact.order_id.in_(ids)))
    names = {contact.order_id: contact.opened("name") for contact in contacts}
    groups: dict[tuple[str, int | None], list[Order]] = {}
    for order in orders:
        name = names.get(order.id) or NAMELESS
        groups.setdefault((name, order.requester_id), []).append(order)
    return [(name, named) for (name, _), named in groups.items()]


def _without_account(actor: Actor, name: str, orders: Sequence[Order]) -> Caller:
    newest = orders[0]
    _record(actor, "order.revealed", ("order", newest.id), newest.handling_unit_id)
    return Caller(
        id=None,
        name=name,
        masked=False,
        unit=_named(newest.handling_unit_id, unit_names),
        building=_named(newest.place_id, place_names),
        orders=[_shown(order) for order in orders],
        banners=_banners(actor, newest.place_id, newest.handling_unit_id),
    )


def _elsewhere(actor: Actor, known: Known) -> Caller:
    person = known.person
    audit.record(
        actor, "person.searched", "person", person.id, reason=REASON, unit_id=person.home_unit_id
    )
    return Caller(person.id, person.masked_name, True, None, None, [], [])


def _record(actor: Actor, action: str, subject: tuple[str, int], unit_id: int | None) -> None:
    shown = ["name", "place"]
    audit.record(actor, action, *subject, reason=REASON, fields=shown, unit_id=unit_id)


def _named(found: int | None, names_of: Any) -> dict[str, Any] | None:
    if found is None:
        return None
    names: Mapping[int, str] = names_of([found])
    return {"id": found, "name": names.get(found, "")}


def _shown(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "category": _named(order.category_id, category_names),
        "due_at": order.due_at,
    }


def _banners(actor: Actor, place_id: int | None, unit_id: int | None) -> list[BannerView]:
    """The newest banners of the building, or of the unit where no building is known."""
    if place_id is None and unit_id is None:
        return []
    page = page_of_banners(
        actor,
        unit_id=unit_id if place_id is None else None,
        place_id=place_id,
        latitude=None,
        longitude=None,
        coordinate_system=CoordinateSystem.GCJ02,
        category_id=None,
        cursor=None,
        limit=_MOST_BANNERS,
    )
    return list(page.items)
