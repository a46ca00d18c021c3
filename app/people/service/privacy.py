"""Looks at people: reveal with a reason, copy of the own data."""

from collections.abc import Sequence
from typing import Any

from app.kernel import audit, security
from app.kernel.actor import Actor
from app.kernel.errors import Forbidden
from app.kernel.events import announce
from app.organisation.queries import get_place
from app.people import policy, queries
from app.people.events import ExportRequested
from app.people.models import Person


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
    security.note("person.exported", actor)
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
