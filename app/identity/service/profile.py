"""Changes of the own profile; personal data are kept only after the consent to that."""

from collections.abc import Callable, Mapping
from typing import Any

from app.identity import queries
from app.identity.states import Document
from app.kernel.actor import Actor
from app.people import queries as people_queries
from app.people import service as people

_PERSONAL = ("name", "address")


def edit_profile(actor: Actor, changes: Mapping[str, Any], check: Callable[[int], None]) -> None:
    """Changes the actor's profile: the fields that `changes` names; the others stay.

    Where `changes` names a home (place or unit), the address and the part of the home that it does
    not name become empty. `check(version)` gets the version read under the lock and raises where it
    is not the expected one. Raises Forbidden `consent.required` and what `people.edit_own` raises.
    """
    person = people_queries.lock_person(actor.own_id)
    kept: dict[str, Any] = {
        "name": person.detail.opened("name") if person.detail else "",
        "address": people_queries.address_of(person.id),
        "home_place_id": person.home_place_id,
        "home_unit_id": person.home_unit_id,
        "message_window": person.message_window,
    }
    if "home_place_id" in changes or "home_unit_id" in changes:
        kept |= {"address": None, "home_place_id": None, "home_unit_id": None}
    wanted = kept | dict(changes)
    if any(wanted[field] and wanted[field] != kept[field] for field in _PERSONAL):
        queries.require_consent(person.id, Document.PRIVACY)
    people.edit_own(actor, **wanted, check=check)


def attach_phone(actor: Actor, phone: str) -> None:
    """Keeps a phone of the actor that WeChat has verified.

    Raises Forbidden `consent.required` and what `people.attach_verified_phone` raises.
    """
    queries.require_consent(actor.own_id, Document.PRIVACY)
    people.attach_verified_phone(actor, actor.own_id, phone)
