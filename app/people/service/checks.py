"""Checks that several verbs make before they write."""

from collections.abc import Sequence

from app.kernel.actor import Actor
from app.kernel.errors import Conflict, Invalid, NotFound
from app.organisation.models import Place, Unit
from app.organisation.queries import get_place, get_unit, get_visible_place
from app.organisation.states import PlaceKind
from app.people import queries
from app.people.models import Person
from app.people.states import SKILLS, PersonStatus


def known_unit(unit_id: int) -> Unit:
    """Returns the unit that a request's body names; raises Invalid `unit.unknown`."""
    try:
        return get_unit(unit_id)
    except NotFound as missing:
        raise Invalid("unit.unknown", "没有这个社区，请重新选择。") from missing


def lock_living(person_id: int) -> Person:
    """Returns the person, locked; raises Conflict `person.erased` and NotFound `not_found`."""
    person = queries.lock_person(person_id)
    if person.status is PersonStatus.ERASED:
        raise Conflict("person.erased", "这位人员已注销。")
    return person


def lock_active(person_id: int) -> Person:
    """Returns the person, locked; raises Conflict `person.inactive` and what `lock_living` raises."""
    person = lock_living(person_id)
    if not person.is_active:
        raise Conflict("person.inactive", "这位人员已停用，请先恢复。")
    return person


def checked_skills(skills: Sequence[str]) -> list[str]:
    """Returns each of the skills once, in the order of SKILLS; raises Invalid `skill.unknown`."""
    if any(skill not in SKILLS for skill in skills):
        raise Invalid("skill.unknown", "有的技能不在清单里，请从清单中选择。")
    return [skill for skill in SKILLS if skill in skills]


def home_of(
    actor: Actor, place_id: int | None, unit_id: int | None, *, kept: int | None = None
) -> tuple[int | None, int | None, str]:
    """Returns (place id, unit id, address) of a home; a place decides the unit.

    A room (室) is a person's address, which is only kept encrypted. So for a room the place is the
    doorway or building around it, and the address is the full name of the room; else the address is
    "".

    A place other than `kept` must be open and visible to the actor, because its full name is shown
    to the person. Raises Invalid `place.unknown`, `unit.unknown`; Conflict `place.closed`.
    """
    if place_id is None:
        return None, known_unit(unit_id).id if unit_id is not None else None, ""
    try:
        place = get_place(place_id) if place_id == kept else _new_home(actor, place_id)
        address = place.full_name if place.kind is PlaceKind.ROOM else ""
        while place.kind is PlaceKind.ROOM and place.parent_id is not None:
            place = get_place(place.parent_id)
    except NotFound as missing:
        raise Invalid("place.unknown", "没有这个地点，请重新选择。") from missing
    return place.id, place.unit_id, address


def _new_home(actor: Actor, place_id: int) -> Place:
    place = get_visible_place(actor, place_id)
    place.check_open()
    return place
