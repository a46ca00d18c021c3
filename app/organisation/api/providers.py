"""Endpoints of providers and of the phone book."""

from typing import Any

from app.kernel.actor import current_actor
from app.kernel.http import Blueprint, check_version, tag
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, page_schema
from app.organisation import queries, service
from app.organisation.models import PhoneEntry, Provider
from app.organisation.schemas import (
    PhoneEntriesQuery,
    PhoneEntryChangeIn,
    PhoneEntryIn,
    PhoneEntryOut,
    ProviderChangeIn,
    ProviderIn,
    ProviderOut,
    ProvidersQuery,
)

blueprint = Blueprint(
    "providers", __name__, url_prefix="/api/v1", description="承办单位和应急电话本"
)


@blueprint.get("/providers")
@blueprint.arguments(ProvidersQuery, location="query")
@blueprint.response(200, page_schema(ProviderOut))
def list_providers(query: dict[str, Any]) -> Page[Provider]:
    """为某单位服务的机构：本单位的和上级的。"""
    return queries.list_providers(current_actor(), **query)


@blueprint.get("/providers/<int:provider_id>")
@blueprint.response(200, ProviderOut)
def get_provider(provider_id: int) -> Provider:
    """一个服务机构。"""
    provider = queries.get_visible_provider(current_actor(), provider_id)
    tag(provider.version)
    return provider


@blueprint.post("/providers")
@blueprint.arguments(ProviderIn)
@blueprint.response(201, ProviderOut)
@repeatable(queries.get_visible_provider)
def create_provider(data: dict[str, Any]) -> Provider:
    """新增服务机构（需要该单位的 `providers.edit`）。

    409 `unit.closed`, `provider.name_taken`; 422 `unit.unknown`.
    """
    return service.create_provider(current_actor(), **data)


@blueprint.put("/providers/<int:provider_id>")
@blueprint.arguments(ProviderChangeIn)
@blueprint.response(200, ProviderOut)
def change_provider(data: dict[str, Any], provider_id: int) -> Provider:
    """修改服务机构；`closed` 表示不再接新的工单。"""
    provider = service.change_provider(
        current_actor(), provider_id, unchanged=check_version, **data
    )
    tag(provider.version)
    return provider


@blueprint.get("/phone-entries")
@blueprint.arguments(PhoneEntriesQuery, location="query")
@blueprint.response(200, page_schema(PhoneEntryOut))
def list_phone_entries(query: dict[str, Any]) -> Page[PhoneEntry]:
    """某单位的便民电话，连同上级的。"""
    return queries.list_phone_entries(current_actor(), **query)


@blueprint.get("/phone-entries/<int:entry_id>")
@blueprint.response(200, PhoneEntryOut)
def get_phone_entry(entry_id: int) -> PhoneEntry:
    """一个便民电话。"""
    entry = queries.get_visible_phone_entry(current_actor(), entry_id)
    tag(entry.version)
    return entry


@blueprint.post("/phone-entries")
@blueprint.arguments(PhoneEntryIn)
@blueprint.response(201, PhoneEntryOut)
@repeatable(queries.get_visible_phone_entry)
def create_phone_entry(data: dict[str, Any]) -> PhoneEntry:
    """新增便民电话（需要该单位的 `phonebook.edit`）。"""
    return service.create_phone_entry(current_actor(), **data)


@blueprint.put("/phone-entries/<int:entry_id>")
@blueprint.arguments(PhoneEntryChangeIn)
@blueprint.response(200, PhoneEntryOut)
def change_phone_entry(data: dict[str, Any], entry_id: int) -> PhoneEntry:
    """修改便民电话。"""
    entry = service.change_phone_entry(current_actor(), entry_id, unchanged=check_version, **data)
    tag(entry.version)
    return entry


@blueprint.delete("/phone-entries/<int:entry_id>")
@blueprint.response(204)
def delete_phone_entry(entry_id: int) -> None:
    """删除便民电话。"""
    service.delete_phone_entry(current_actor(), entry_id)
