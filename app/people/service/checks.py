"""What several verbs check before they write."""

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
    """The unit that a body names; Invalid `unit.unknown`."""
    try:
        return get_unit(unit_id)
    except NotFound as missing:
        raise Invalid("unit.unknown", "没有这个社区，请重新选择。") from missing


def lock_living(person_id: int) -> Person:
    """The locked person; Conflict `person.erased` where only the anonymous row is left."""
    person = queries.lock_person(person_id)
    if person.status is PersonStatus.ERASED:
        raise Conflict("person.erased", "这位人员已注销。")
    return person


def lock_active(person_id: int) -> Person:
    """The locked person; Conflict `person.inactive` unless he or she may act."""
    person = lock_living(person_id)
    if not person.is_active:
        raise Conflict("person.inactive", "这位人员已停用，请先恢复。")
    return person


def checked_skills(skills: Sequence[str]) -> list[str]:
    """The skills, each once, in the order of the list; Invalid `skill.unknown`."""
    if any(skill not in SKILLS for skill in skills):
        raise Invalid("skill.unknown", "有的技能不在清单里，请从清单中选择。")
    return [skill for skill in SKILLS if skill in skills]


def home_of(
    actor: Actor, place_id: int | None, unit_id: int | None, *, kept: int | None = None
) -> tuple[int | None, int | None, str]:
    """(place, unit, address) of a home; a place decides the unit.

    A new place (other than the one `kept`) is open and one that the actor sees: its full name comes
    back in the own data. Invalid `place.unknown`, Conflict `place.closed`.

    A room is a person's address, which may stand nowhere in clear: the place kept is the doorway or
    building around it, and the room's full name is the address to seal.
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
