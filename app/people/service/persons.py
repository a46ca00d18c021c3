"""Creates and changes people: encrypted details, home, skills, phone, green channel, absence."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import normalise_phone
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.events import announce
from app.organisation.queries import get_unit
from app.people import policy, queries
from app.people.events import AwayReturned, PhoneVerified
from app.people.hours import message_window as checked_window
from app.people.models import Person, PersonDetail
from app.people.service.checks import checked_skills, home_of, lock_active, lock_living
from app.people.states import MAX_AWAY_DAYS, GreenReason, PersonKind

VersionCheck = Callable[[int], None]


def any_version(_version: int) -> None:
    """Accepts every version of the row."""


def create_person(
    actor: Actor,
    *,
    kind: PersonKind = PersonKind.RESIDENT,
    name: str = "",
    phone: str | None = None,
    address: str | None = None,
    home_place_id: int | None = None,
    home_unit_id: int | None = None,
    skills: Sequence[str] = (),
) -> Person:
    """Creates a person and returns the row; an account may follow later.

    Staff must name a home in their own subtree; the program itself need not. Raises Invalid
    `person.unit_needed`, `unit.unknown`, `place.unknown`, `skill.unknown`, `phone.invalid`;
    Conflict `place.closed`; Forbidden `person.may_not_enter`.
    """
    place_id, unit_id, room = home_of(actor, home_place_id, home_unit_id)
    _check_entry(actor, kind, unit_id)
    digits = normalise_phone(phone) if phone else None
    person = Person(
        kind=kind,
        home_place_id=place_id,
        home_unit_id=unit_id,
        skills=checked_skills(skills),
        created_at=now(),
    )
    session.add(person)
    session.flush()
    detail = PersonDetail(person_id=person.id)
    detail.put("name", name)
    detail.put("address", address or room)
    detail.put_phone(digits)
    session.add(detail)
    session.flush()
    audit.record(actor, "person.created", "person", person.id, unit_id=unit_id)
    return person


def edit_person(
    actor: Actor,
    person_id: int,
    *,
    kind: PersonKind,
    home_unit_id: int | None,
    skills: Sequence[str],
    vetted: bool,
    detail: Mapping[str, Any] | None = None,
    check: VersionCheck = any_version,
) -> Person:
    """Changes what staff keep of a person and returns the row.

    `kind`, `home_unit_id`, `skills` and `vetted` are set as passed. Of `name`, `phone`, `address`
    and `home_place_id` only those in `detail` change, since staff do not get them back in clear. A
    place decides the home's unit. `check(version)` gets the version of the locked row and raises
    where it is not the expected one.

    Raises NotFound `not_found`; Conflict `person.erased`, `place.closed`; Forbidden
    `person.may_not_edit`, `person.may_not_move`; Invalid `unit.unknown`, `place.unknown`,
    `skill.unknown`, `phone.invalid`.
    """
    queries.get_visible_person(actor, person_id)
    person = lock_living(person_id)
    if not policy.may_edit_person(actor, queries.unit_paths_of(person_id)):
        raise Forbidden("person.may_not_edit", "您不能修改这位人员的资料。")
    check(person.version)
    changes = dict(detail or {})
    changed = sorted(changes)
    moved = home_unit_id != person.home_unit_id or "home_place_id" in changes
    if moved:
        place_id, unit_id, room = home_of(
            actor,
            changes.pop("home_place_id", None),
            home_unit_id,
            kept=person.home_place_id,
        )
        _check_move(actor, person.home_unit_id, unit_id)
        person.home_place_id, person.home_unit_id = place_id, unit_id
        changes = ({"address": room} if room else {}) | changes
        changed.append("home_unit_id")
    _put_sealed(person_id, changes)
    for field, value in {
        "kind": kind,
        "skills": checked_skills(skills),
        "vetted": vetted,
    }.items():
        if getattr(person, field) != value:
            setattr(person, field, value)
            changed.append(field)
    _save(person)
    audit.record(
        actor, "person.edited", "person", person_id, fields=changed, unit_id=person.home_unit_id
    )
    return person


def edit_own(
    actor: Actor,
    *,
    name: str,
    address: str | None,
    home_place_id: int | None,
    home_unit_id: int | None,
    message_window: Mapping[str, Any] | None,
    check: VersionCheck = any_version,
) -> Person:
    """Changes what the actor says of himself or herself and returns the row.

    All fields are set as passed; without a message window the usual hours hold. `check(version)`
    raises where the version is not the expected one. Raises Forbidden `actor.not_a_person`;
    Conflict `person.erased`, `person.inactive`, `place.closed`; Invalid `unit.unknown`,
    `place.unknown`, `message_window.invalid`.
    """
    person = lock_active(actor.own_id)
    check(person.version)
    person.home_place_id, person.home_unit_id, room = home_of(
        actor, home_place_id, home_unit_id, kept=person.home_place_id
    )
    person.message_window = checked_window(message_window) if message_window is not None else None
    _put_sealed(person.id, {"name": name, "address": address or room})
    _save(person)
    return person


def set_green(actor: Actor, person_id: int, reasons: Sequence[GreenReason], consent: str) -> Person:
    """Puts the person on the green channel (绿色通道), or with no reason takes the person off it.

    New orders of the person then go first in the lists. `consent` says how and when the person
    agreed. Returns the row. Raises NotFound `not_found`, Conflict `person.erased`, Forbidden
    `person.may_not_edit`, Invalid `green.consent_needed`.
    """
    queries.get_visible_person(actor, person_id)
    person = lock_living(person_id)
    if not policy.may_edit_person(actor, queries.unit_paths_of(person_id)):
        raise Forbidden("person.may_not_edit", "您不能修改这位人员的资料。")
    if reasons and not consent:
        raise Invalid("green.consent_needed", "请写明本人怎样同意的，例如“本人当面同意”。")
    _put_green(person, reasons, consent)
    audit.record(
        actor, "person.green", "person", person_id, fields=["green"], unit_id=person.home_unit_id
    )
    return person


def withdraw_green(actor: Actor) -> Person:
    """Ends the green channel because the actor withdraws the consent to it; returns the actor's row.

    Raises Forbidden `actor.not_a_person`, Conflict `person.erased`.
    """
    person = lock_living(actor.own_id)
    _put_green(person, (), "")
    return person


def set_away(actor: Actor, until: datetime | None, *, return_orders: bool = False) -> Person:
    """Lets the actor take no orders (暂不接单) until a moment; None ends the absence. Returns the row.

    With `return_orders`, orders that the actor holds are given back. Raises Invalid
    `away.in_the_past`, `away.too_long` (over a year); Conflict `person.erased`, `person.inactive`.
    """
    person = lock_active(actor.own_id)
    at = now()
    if until is not None and until <= at:
        raise Invalid("away.in_the_past", "请选择今天以后的日期。")
    if until is not None and until > at + timedelta(days=MAX_AWAY_DAYS):
        raise Invalid("away.too_long", "暂不接单最长一年，请选近一些的日期。")
    person.away_until = until
    _save(person)
    if until is not None and return_orders:
        announce(AwayReturned(person.id))
    return person


def attach_verified_phone(actor: Actor, person_id: int, phone: str) -> Person:
    """Keeps a phone that the person has proved to be the own one, and returns the row.

    Only the person and the program itself may do it. Orders placed under the phone can then be
    attached (PhoneVerified). Raises Invalid `phone.invalid`; Forbidden `person.may_not_edit`;
    Conflict `person.erased`, `person.inactive`.
    """
    if not actor.is_system and actor.own_id != person_id:
        raise Forbidden("person.may_not_edit", "您不能修改这位人员的资料。")
    person = lock_active(person_id)
    detail = _detail(person_id)
    detail.put_phone(normalise_phone(phone), verified_at=now())
    _save(person)
    audit.record(
        actor,
        "person.phone_verified",
        "person",
        person_id,
        fields=["phone"],
        unit_id=queries.audit_unit_of(person_id),
    )
    announce(PhoneVerified(person_id, str(detail.phone_index)))
    return person


def _check_entry(actor: Actor, kind: PersonKind, unit_id: int | None) -> None:
    if actor.is_system:
        return
    if unit_id is None:
        raise Invalid("person.unit_needed", "请选择这个人住在哪个社区。")
    if not policy.may_enter_person(actor, kind, get_unit(unit_id).path):
        raise Forbidden("person.may_not_enter", "您不能在这里登记人员。")


def _check_move(actor: Actor, old_unit_id: int | None, new_unit_id: int | None) -> None:
    for unit_id in {old_unit_id, new_unit_id} - {None}:
        if not policy.may_move_person(actor, get_unit(int(unit_id or 0)).path):
            raise Forbidden("person.may_not_move", "迁入和迁出的社区都归您管，才能改住处。")


def _detail(person_id: int) -> PersonDetail:
    # Read again: the guard has read the actor's own row before the person was locked.
    detail = session.get(PersonDetail, person_id, populate_existing=True)
    if detail is None:
        detail = PersonDetail(person_id=person_id)
        session.add(detail)
    return detail


def _put_sealed(person_id: int, changes: Mapping[str, str | None]) -> None:
    detail = _detail(person_id)
    for field, value in changes.items():
        if field == "phone":
            detail.put_phone(normalise_phone(value) if value else None)
        else:
            detail.put(field, value)


def _put_green(person: Person, reasons: Sequence[GreenReason], consent: str) -> None:
    detail = _detail(person.id)
    codes = [reason.value for reason in GreenReason if reason in reasons]
    detail.put("green_reasons", ",".join(codes))
    detail.put("green_consent", consent if codes else None)
    person.green = bool(codes)
    _save(person)


def _save(person: Person) -> None:
    person.version += 1
    session.flush()
