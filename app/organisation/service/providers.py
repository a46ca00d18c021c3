"""Creates and changes providers and phone entries."""

from typing import TypedDict, Unpack

from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Forbidden
from app.kernel.events import announce
from app.organisation.events import ProviderAccountLinked
from app.organisation.models import PhoneEntry, Provider, Unit
from app.organisation.policy import may_edit_phone_book, may_edit_providers
from app.organisation.queries import (
    get_visible_phone_entry,
    get_visible_provider,
    phone_entries_visible_to,
    providers_visible_to,
)
from app.organisation.service.storing import VersionCheck, add, refusing, unchecked
from app.organisation.service.units import named_unit
from app.organisation.states import PhoneKind, ProviderKind

CLASHES = {"name": ("provider.name_taken", "这个单位已经登记过同名的承办单位。")}


def _check_providers(actor: Actor, unit: Unit) -> None:
    if not may_edit_providers(actor, unit.path):
        raise Forbidden("provider.not_allowed", f"您不能维护“{unit.name}”的承办单位。")


def create_provider(
    actor: Actor,
    *,
    unit_id: int,
    name: str,
    kind: ProviderKind,
    phone: str | None = None,
    contact: str | None = None,
    hours: str | None = None,
    person_id: int | None = None,
) -> Provider:
    """Creates a provider that serves the unit and the units below it, and returns it.

    Raises Forbidden `provider.not_allowed`; Conflict `unit.closed`, `provider.name_taken`; Invalid
    `unit.unknown`; and what listeners to ProviderAccountLinked raise.
    """
    unit = named_unit(unit_id)
    _check_providers(actor, unit)
    unit.check_open()
    provider = Provider(
        unit_id=unit.id,
        name=name,
        kind=kind,
        phone=phone,
        contact=contact,
        hours=hours,
        person_id=person_id,
        created_at=now(),
    )
    add(provider, CLASHES)
    _link(actor, provider)
    record(actor, "provider.created", "provider", provider.id, unit_id=unit.id)
    return provider


def _link(actor: Actor, provider: Provider) -> None:
    if provider.person_id is not None:
        announce(ProviderAccountLinked(actor, provider.id, provider.unit_id, provider.person_id))


class ProviderFields(TypedDict, total=False):
    """What may be said of a provider; None is the same as left out."""

    phone: str | None
    contact: str | None
    hours: str | None
    person_id: int | None


def change_provider(
    actor: Actor,
    provider_id: int,
    *,
    name: str,
    kind: ProviderKind,
    closed: bool = False,
    unchanged: VersionCheck = unchecked,
    **fields: Unpack[ProviderFields],
) -> Provider:
    """Gives the provider the values that are passed and returns it.

    With `closed` no new orders are given to it; without `closed` a closed one is open again.
    `unchanged(version)` raises where the version is not the expected one.

    Raises NotFound `not_found`, Forbidden `provider.not_allowed`, Conflict `unit.closed`,
    `provider.name_taken`, and what listeners to ProviderAccountLinked raise.
    """
    unit = named_unit(get_visible_provider(actor, provider_id).unit_id)
    provider = session.scalars(
        lock(providers_visible_to(actor).where(Provider.id == provider_id))
    ).one()
    _check_providers(actor, unit)
    unchanged(provider.version)
    unit.check_open()
    person_id = fields.get("person_id")
    linked = provider.person_id != person_id
    with refusing(CLASHES):
        provider.name, provider.kind, provider.phone = name, kind, fields.get("phone")
        provider.contact, provider.hours = fields.get("contact"), fields.get("hours")
        provider.person_id = person_id
        provider.closed_at = (provider.closed_at or now()) if closed else None
        provider.version += 1
    if linked:
        _link(actor, provider)
    record(actor, "provider.changed", "provider", provider.id, unit_id=unit.id)
    return provider


def _check_phone_book(actor: Actor, unit: Unit) -> None:
    if not may_edit_phone_book(actor, unit.path):
        raise Forbidden("phone_entry.not_allowed", f"您不能维护“{unit.name}”的电话本。")


def create_phone_entry(
    actor: Actor,
    *,
    unit_id: int,
    name: str,
    kind: PhoneKind,
    phone: str,
    hours: str | None = None,
    note: str | None = None,
    sort: int = 0,
) -> PhoneEntry:
    """Creates a phone entry for the unit and the units below it, and returns it.

    Raises Forbidden `phone_entry.not_allowed`; Conflict `unit.closed`; Invalid `unit.unknown`.
    """
    unit = named_unit(unit_id)
    _check_phone_book(actor, unit)
    unit.check_open()
    entry = PhoneEntry(
        unit_id=unit.id,
        name=name,
        kind=kind,
        phone=phone,
        hours=hours,
        note=note,
        sort=sort,
        created_at=now(),
    )
    session.add(entry)
    session.flush()
    record(actor, "phone_entry.created", "phone_entry", entry.id, unit_id=unit.id)
    return entry


def change_phone_entry(
    actor: Actor,
    entry_id: int,
    *,
    name: str,
    kind: PhoneKind,
    phone: str,
    hours: str | None = None,
    note: str | None = None,
    sort: int = 0,
    unchanged: VersionCheck = unchecked,
) -> PhoneEntry:
    """Gives the phone entry the values that are passed and returns it.

    `unchanged(version)` raises where the version is not the expected one. Raises NotFound
    `not_found`, Forbidden `phone_entry.not_allowed`, Conflict `unit.closed`.
    """
    entry, unit = _entry_to_change(actor, entry_id)
    unchanged(entry.version)
    unit.check_open()
    entry.name, entry.kind, entry.phone = name, kind, phone
    entry.hours, entry.note, entry.sort = hours, note, sort
    entry.version += 1
    record(actor, "phone_entry.changed", "phone_entry", entry.id, unit_id=unit.id)
    session.flush()
    return entry


def delete_phone_entry(actor: Actor, entry_id: int) -> None:
    """Deletes the phone entry. Raises NotFound `not_found`, Forbidden `phone_entry.not_allowed`."""
    entry, unit = _entry_to_change(actor, entry_id)
    session.delete(entry)
    record(actor, "phone_entry.deleted", "phone_entry", entry_id, unit_id=unit.id)
    session.flush()


def _entry_to_change(actor: Actor, entry_id: int) -> tuple[PhoneEntry, Unit]:
    unit = named_unit(get_visible_phone_entry(actor, entry_id).unit_id)
    _check_phone_book(actor, unit)
    statement = lock(phone_entries_visible_to(actor).where(PhoneEntry.id == entry_id))
    entry = session.scalar(statement)
    # Another transaction may have deleted the entry while this one waited for the unit's lock; then
    # the second call raises NotFound.
    return entry or get_visible_phone_entry(actor, entry_id), unit
