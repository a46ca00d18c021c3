"""Schemas of providers and of the phone book."""

from typing import Any

from marshmallow import fields

from app.kernel.actor import current_actor
from app.kernel.http import Identifier, Moment, Schema
from app.kernel.pages import PageArgs
from app.organisation.queries import account_visible_to
from app.organisation.schemas.shapes import (
    MaybeLine,
    MaybePhone,
    Phone,
    asked_id,
    maybe_id,
    name_field,
    sort_range,
)
from app.organisation.states import PhoneKind, ProviderKind


class ProvidersQuery(PageArgs):
    """Filters of the list of providers."""

    unit_id = asked_id("为这个单位服务的：它自己的和上级的")
    kind = fields.Enum(ProviderKind, by_value=True, load_default=None)
    closed = fields.Boolean(load_default=False, metadata={"description": "也列出已停用的"})


class _ProviderShape(Schema):
    name = name_field()
    kind = fields.Enum(ProviderKind, by_value=True, required=True)
    phone = MaybePhone()
    contact = MaybeLine(
        metadata={"description": "找谁：写岗位，不写个人姓名", "example": "值班经理"}
    )
    hours = MaybeLine(metadata={"example": "全天"})
    person_id = maybe_id("它在本系统的账号；可以没有")


class ProviderIn(_ProviderShape):
    """A new provider of a unit."""

    unit_id = Identifier(required=True)


class ProviderChangeIn(_ProviderShape):
    """All fields of a provider; a field left out becomes empty."""

    closed = fields.Boolean(load_default=False, metadata={"description": "停用：不再派新单给它"})


class _Account(fields.Integer):
    """The id of the person whose account the provider uses; null for others than its administrators."""

    def get_value(self, obj: Any, attr: str, *_: Any, **__: Any) -> Any:
        """Returns the person's id where the actor may change the provider, else None."""
        return account_visible_to(current_actor(), obj)


class ProviderOut(Schema):
    """A provider with its contact and its account."""

    id = fields.Integer(required=True)
    unit_id = fields.Integer(required=True)
    name = fields.String(required=True)
    kind = fields.Enum(ProviderKind, by_value=True, required=True)
    phone = fields.String(required=True, allow_none=True)
    contact = fields.String(required=True, allow_none=True)
    hours = fields.String(required=True, allow_none=True)
    person_id = _Account(
        required=True, allow_none=True, metadata={"description": "它的账号；只给维护它的人看"}
    )
    closed_at = Moment(required=True, allow_none=True)
    version = fields.Integer(required=True)


class PhoneEntriesQuery(PageArgs):
    """Filters of the phone book."""

    unit_id = asked_id("这个单位的电话本：它自己的和上级的")
    kind = fields.Enum(PhoneKind, by_value=True, load_default=None)


class PhoneEntryChangeIn(Schema):
    """All fields of a phone entry; a field left out becomes empty."""

    name = name_field()
    kind = fields.Enum(PhoneKind, by_value=True, required=True)
    phone = Phone()
    hours = MaybeLine(metadata={"example": "全天"})
    note = MaybeLine(longest=200)
    sort = fields.Integer(load_default=0, strict=True, validate=sort_range())


class PhoneEntryIn(PhoneEntryChangeIn):
    """A new phone entry of a unit."""

    unit_id = Identifier(required=True)


class PhoneEntryOut(Schema):
    """A phone entry."""

    id = fields.Integer(required=True)
    unit_id = fields.Integer(required=True)
    name = fields.String(required=True)
    kind = fields.Enum(PhoneKind, by_value=True, required=True)
    phone = fields.String(required=True)
    hours = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    sort = fields.Integer(required=True)
    version = fields.Integer(required=True)
