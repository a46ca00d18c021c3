"""Reads of providers and of the phone book."""

from collections.abc import Iterable

from sqlalchemy import Select, select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.kept import KeptColumn
from app.kernel.errors import not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.models import PhoneEntry, Provider
from app.organisation.policy import may_edit_providers
from app.organisation.queries.units import get_unit, get_visible_unit
from app.organisation.states import PhoneKind, ProviderKind

PHONE_ORDER = (Key(PhoneEntry.sort), Key(PhoneEntry.id))


def get_provider(provider_id: int) -> Provider:
    """Returns the provider with this id, open or closed; raises NotFound `not_found`."""
    provider = session.get(Provider, provider_id)
    if provider is None:
        raise not_found()
    return provider


_names = KeptColumn(Provider.name)


def provider_names(provider_ids: Iterable[int]) -> dict[int, str]:
    """Returns names of providers by id, of closed ones too; unknown ids are missing."""
    return _names.of(provider_ids)


def providers_visible_to(actor: Actor) -> Select[Provider]:
    """Returns a statement for all providers: residents, too, may call the property firm."""
    return select(Provider)


def get_visible_provider(actor: Actor, provider_id: int) -> Provider:
    """Returns the provider; raises NotFound `not_found`."""
    provider = session.scalar(providers_visible_to(actor).where(Provider.id == provider_id))
    if provider is None:
        raise not_found()
    return provider


def account_visible_to(actor: Actor, provider: Provider) -> int | None:
    """Returns the id of the person whose account the provider uses.

    None where the provider has no account, or the actor may not change the provider.
    """
    if provider.person_id is None:
        return None
    keeps = may_edit_providers(actor, get_unit(provider.unit_id).path)
    return provider.person_id if keeps else None


def list_providers(
    actor: Actor,
    *,
    unit_id: int | None,
    kind: ProviderKind | None,
    closed: bool,
    cursor: str | None,
    limit: int,
) -> Page[Provider]:
    """Returns a page of providers by id.

    With `unit_id` these are the providers of that unit and of the units above it, since they serve
    it too. Closed providers come with `closed` only. Raises NotFound `not_found`, Invalid
    `cursor.invalid`.
    """
    statement = providers_visible_to(actor)
    if unit_id is not None:
        unit = get_visible_unit(actor, unit_id)
        statement = statement.where(Provider.unit_id.in_(unit.path_ids))
    if kind is not None:
        statement = statement.where(Provider.kind == kind)
    if not closed:
        statement = statement.where(Provider.closed_at.is_(None))
    return paginate(statement, (Key(Provider.id),), cursor=cursor, limit=limit)


def phone_entries_visible_to(actor: Actor) -> Select[PhoneEntry]:
    """Returns a statement for all phone entries: emergency numbers are for everybody."""
    return select(PhoneEntry)


def get_visible_phone_entry(actor: Actor, entry_id: int) -> PhoneEntry:
    """Returns the phone entry; raises NotFound `not_found`."""
    entry = session.scalar(phone_entries_visible_to(actor).where(PhoneEntry.id == entry_id))
    if entry is None:
        raise not_found()
    return entry


def list_phone_entries(
    actor: Actor, *, unit_id: int | None, kind: PhoneKind | None, cursor: str | None, limit: int
) -> Page[PhoneEntry]:
    """Returns a page of phone entries in their sorting order.

    With `unit_id` these are the entries of that unit and of the units above it. Raises NotFound
    `not_found`, Invalid `cursor.invalid`.
    """
    statement = phone_entries_visible_to(actor)
    if unit_id is not None:
        unit = get_visible_unit(actor, unit_id)
        statement = statement.where(PhoneEntry.unit_id.in_(unit.path_ids))
    if kind is not None:
        statement = statement.where(PhoneEntry.kind == kind)
    return paginate(statement, PHONE_ORDER, cursor=cursor, limit=limit)
