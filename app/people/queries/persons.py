"""Reads of people: those that an actor may see, names, phones, and the row to lock."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import selectinload

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import mask_name
from app.kernel.database import lock, session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import at_hand, fetch, table_of
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.models import Unit
from app.organisation.queries import get_unit
from app.people.models import Person, PersonDetail, Registration, RoleGrant, opened
from app.people.queries.scope import belongs_below, is_current
from app.people.states import (
    DEFAULT_MESSAGE_WINDOW,
    ERASED_NAME,
    NAMELESS,
    OPEN_REGISTRATIONS,
    PersonKind,
    PersonStatus,
)


def people_visible_to(actor: Actor) -> Select[Person]:
    """Returns a statement for the actor's own person and the people of the actor's units.

    These are the people that belong to a subtree where the actor has `people.see` (see
    `belongs_below`).
    """
    statement = select(Person).options(selectinload(Person.detail), selectinload(Person.home_unit))
    if actor.is_system:
        return statement
    return statement.where(
        or_(Person.id == actor.person_id, belongs_below(actor.paths("people.see")))
    )


def get_visible_person(actor: Actor, person_id: int) -> Person:
    """Returns the person where the actor may see him or her; else raises NotFound `not_found`."""
    person = session.scalar(people_visible_to(actor).where(Person.id == person_id))
    if person is None:
        raise not_found()
    return person


def page_of_people(
    actor: Actor,
    *,
    unit_id: int | None = None,
    kind: Sequence[PersonKind] = (),
    status: Sequence[PersonStatus] = (),
    cursor: str | None,
    limit: int,
) -> Page[Person]:
    """Returns a page of people that the actor may see, newest first.

    `unit_id` keeps those that belong to the unit or below it. Raises NotFound `not_found` for an
    unknown unit, Invalid `cursor.invalid`.
    """
    statement = people_visible_to(actor)
    if unit_id is not None:
        statement = statement.where(belongs_below((get_unit(unit_id).path,)))
    if kind:
        statement = statement.where(Person.kind.in_(kind))
    if status:
        statement = statement.where(Person.status.in_(status))
    return paginate(statement, [Key(Person.id, desc=True)], cursor=cursor, limit=limit)


def get_person(person_id: int) -> Person:
    """Returns the person with this id; raises NotFound `not_found`.

    It is for the program's own use: nobody's right to see the person is checked.
    """
    person = session.get(Person, person_id)
    if person is None:
        raise not_found()
    return person


def home_of(actor: Actor) -> int | None:
    """Returns the id of the actor's home place (我家); None where there is none, and for jobs."""
    return None if actor.person_id is None else get_person(actor.person_id).home_place_id


_LOCKED = lock(select(Person).where(Person.id == bindparam("person_id")))


def lock_person(person_id: int) -> Person:
    """Reads the person's row again, locks it, and returns it; raises NotFound `not_found`.

    A verb that writes about a person locks the person first, before any order.
    """
    person = session.scalar(_LOCKED, {"person_id": person_id})
    if person is None:
        raise not_found()
    return person


def unit_paths_of(person_id: int) -> list[str]:
    """Returns the sorted paths of the units that the person belongs to.

    These are the home's unit and the units of open registrations and of roles that hold now.
    """
    at = now()
    home = select(Person.home_unit_id).where(Person.id == person_id)
    registered = select(Registration.unit_id).where(
        Registration.person_id == person_id, Registration.status.in_(OPEN_REGISTRATIONS)
    )
    held = select(RoleGrant.unit_id).where(RoleGrant.person_id == person_id, is_current(at))
    belongs = or_(Unit.id.in_(home), Unit.id.in_(registered), Unit.id.in_(held))
    return list(session.scalars(select(Unit.path).where(belongs).order_by(Unit.path)))


def audit_unit_of(person_id: int) -> int | None:
    """Returns the id of the unit whose audit holds the rows about the person.

    That is the home's unit, or else the first of `unit_paths_of`; None where there is neither.
    Raises NotFound `not_found`.
    """
    home = get_person(person_id).home_unit_id
    paths = [] if home is not None else unit_paths_of(person_id)
    return int(paths[0].split("/")[-2]) if paths else home


def page_by_phone(
    actor: Actor, unit_path: str, index: str, *, cursor: str | None, limit: int
) -> Page[Person]:
    """Returns a page of people of the subtree with this phone, as far as the actor may see them.

    `index` is the blind index of the phone. The newest come first. Raises Invalid `cursor.invalid`.
    """
    found = select(PersonDetail.person_id).where(PersonDetail.phone_index == index)
    statement = people_visible_to(actor).where(Person.id.in_(found), belongs_below((unit_path,)))
    return paginate(statement, [Key(Person.id, desc=True)], cursor=cursor, limit=limit)


def names_of(ids: Iterable[int]) -> dict[int, str]:
    """Returns full names by id; erased and unknown people are 已注销, nameless ones 未留姓名.

    These names are for the program; answers show `masked_names`.
    """
    return _named(ids, masked=False)


def masked_names(ids: Iterable[int]) -> dict[int, str]:
    """Returns masked names (王**) by id; erased and unknown people are 已注销, nameless ones 未留姓名."""
    return _named(ids, masked=True)


def name_of(person_id: int) -> str:
    """Returns the full name of one person, as `names_of` does."""
    return names_of([person_id])[person_id]


def phone_of(person_id: int) -> str | None:
    """Returns the phone in clear, for sending and for reveals; None where there is none."""
    detail = session.get(PersonDetail, person_id)
    return (detail.opened("phone") or None) if detail else None


def address_of(person_id: int) -> str | None:
    """Returns the address in clear; None where there is none."""
    detail = session.get(PersonDetail, person_id)
    return (detail.opened("address") or None) if detail else None


def message_window_of(person: Person) -> dict[str, Any]:
    """Returns the hours for messages, the person's own or the usual ones (see `hours.message_window`)."""
    return person.message_window or DEFAULT_MESSAGE_WINDOW


def _named(ids: Iterable[int], *, masked: bool) -> dict[int, str]:
    wanted = set(ids)
    found = dict.fromkeys(wanted, ERASED_NAME)
    details: dict[int, Any] = dict(at_hand(PersonDetail, wanted))
    missing = list(wanted - details.keys())
    read = fetch(_NAMES, {"ids": missing}) if missing else ()
    for row in (*details.values(), *read):
        name = opened(row.person_id, "name", row.name)
        found[row.person_id] = (mask_name(name) if masked else name) if name else NAMELESS
    return found


_DETAILS = table_of(PersonDetail).c
_NAMES = select(_DETAILS.person_id, _DETAILS.name).where(among(_DETAILS.person_id, "ids"))
