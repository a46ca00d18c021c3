"""Entering and changing people: sealed details, home, skills, phone, green channel, absence."""

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
    """Accepts the object as it is now."""


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
    """Enters someone, with or without an account later.

    Staff name a home in their own subtree (Invalid `person.unit_needed`, Forbidden
    `person.may_not_enter`); the program itself need not.
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
    """Changes what staff keep of someone.

    Of `name`, `phone`, `address` and `home_place_id` only what `detail` names is changed, since
    nobody reads them back in clear; a place decides the home unit. `check` gets the locked row's
    version.
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
    """Changes what people say about themselves; without a message window the usual hours hold."""
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
    """Puts someone first in every list (绿色通道), or with no reason takes that off again.

    `consent` says how and when the person agreed (Invalid `green.consent_needed`); both are sealed.
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
    """The person takes the consent back."""
    person = lock_living(actor.own_id)
    _put_green(person, (), "")
    return person


def set_away(actor: Actor, until: datetime | None, *, return_orders: bool = False) -> Person:
    """暂不接单 until a date (None: back again); by one tap all open orders go back.

    Raises Invalid `away.in_the_past` and `away.too_long`.
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
    """Keeps a phone that the person has proved; orders placed under it can be attached.

    Only for the person or the program itself; raises Invalid `phone.invalid`.
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
    # The guard has read the actor's own before the person was locked.
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
