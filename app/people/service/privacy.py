"""Looks at people: search by phone, reveal with a reason, copy of the own data."""

from collections.abc import Sequence
from typing import Any

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.errors import Forbidden
from app.kernel.events import announce
from app.kernel.pages import Page
from app.organisation.queries import get_place, get_unit
from app.people import policy, queries
from app.people.events import ExportRequested
from app.people.models import Person


def search_by_phone(
    actor: Actor, *, unit_id: int, phone: str, cursor: str | None = None, limit: int = 20
) -> Page[Person]:
    """Returns a page of people of the unit's subtree who left exactly this phone.

    The audit gets one row for each person found, or one for the unit where nobody is found. Raises
    NotFound `not_found` for the unit, Forbidden `person.may_not_search`, Invalid `phone.invalid`.
    """
    unit = get_unit(unit_id)
    if not policy.may_search_by_phone(actor, unit.path):
        raise Forbidden("person.may_not_search", "您不能在这个社区按电话找人。")
    index = blind_index(normalise_phone(phone))
    page = queries.page_by_phone(actor, unit.path, index, cursor=cursor, limit=limit)
    found = [("person", person.id) for person in page.items] or [("unit", unit_id)]
    for kind, subject_id in found:
        audit.record(actor, "person.searched", kind, subject_id, fields=["phone"], unit_id=unit_id)
    return page


def reveal_person(
    actor: Actor, person_id: int, fields: Sequence[str], reason: str
) -> dict[str, Any]:
    """Returns the named fields in clear: `name`, `phone`, `address` as text or None, `green` as a dict.

    Where no address is kept, the full name of the home place is the address. It writes one audit
    row with the reason. Raises NotFound `not_found`, Forbidden `person.may_not_reveal`.
    """
    person = queries.get_visible_person(actor, person_id)
    if not policy.may_reveal_person(actor, queries.unit_paths_of(person_id)):
        raise Forbidden("person.may_not_reveal", "您不能查看这位人员的完整资料。")
    wanted = sorted(set(fields))
    audit.record(
        actor,
        "person.revealed",
        "person",
        person_id,
        reason=reason,
        fields=wanted,
        unit_id=person.home_unit_id,
    )
    return {field: _revealed(person, field) for field in wanted}


def export_person(actor: Actor) -> dict[str, Any]:
    """Returns everything that the program keeps about the actor, by room.

    Raises Forbidden `actor.not_a_person`.
    """
    parts: dict[str, Any] = {"people": queries.export_of(actor.own_id)}
    announce(ExportRequested(actor.own_id, parts))
    return parts


def _revealed(person: Person, field: str) -> Any:
    if person.detail is None:
        return None
    if field == "green":
        reasons = [reason.value for reason in person.detail.opened_green()]
        return {"reasons": reasons, "consent": person.detail.opened("green_consent")}
    text = person.detail.opened(field)
    if field == "address" and not text and person.home_place_id is not None:
        return get_place(person.home_place_id).full_name
    return text or None
