"""Kinds of units, places, providers and phone entries, and which kind stands under which."""

import re
from enum import StrEnum

# Phone numbers of every kind, not of mobile phones alone: 110, 400-820-8820, 0571-88880000转12.
PHONE = re.compile(r"\+?[0-9](?:[0-9 -]{1,18}[0-9])(?:[转-][0-9]{1,6})?")


class UnitKind(StrEnum):
    """The six kinds of units, from the top down: 区、街道、社区、网格、楼组、党员中心户."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BUILDING_GROUP = "building_group"
    HOUSEHOLD = "household"


class PlaceKind(StrEnum):
    """The four kinds of places, from the outside in: 小区、楼栋、单元、室."""

    ESTATE = "estate"
    BUILDING = "building"
    DOORWAY = "doorway"
    ROOM = "room"


class Management(StrEnum):
    """The kind of property management of a place: 专业物业、单位自管、无主管."""

    PROFESSIONAL = "professional"
    SELF_MANAGED = "self_managed"
    UNMANAGED = "unmanaged"


class ProviderKind(StrEnum):
    """The work that a provider (承办单位) does."""

    PROPERTY = "property"
    LIFT = "lift"
    WATER = "water"
    POWER = "power"
    GAS = "gas"
    HEATING = "heating"
    SANITATION = "sanitation"
    SOCIAL = "social"
    OTHER = "other"


class PhoneKind(StrEnum):
    """The purpose of a number in the phone book (应急电话本)."""

    EMERGENCY = "emergency"
    DUTY_ROOM = "duty_room"
    PROPERTY = "property"
    LIFT = "lift"
    WATER = "water"
    POWER = "power"
    GAS = "gas"
    HEATING = "heating"
    MEDICAL = "medical"
    OTHER = "other"


UNIT_NAMES: dict[UnitKind, str] = {
    UnitKind.DISTRICT: "区",
    UnitKind.STREET: "街道",
    UnitKind.COMMUNITY: "社区",
    UnitKind.GRID: "网格",
    UnitKind.BUILDING_GROUP: "楼组",
    UnitKind.HOUSEHOLD: "党员中心户",
}
UNIT_PARENTS: dict[UnitKind, frozenset[UnitKind]] = {
    UnitKind.DISTRICT: frozenset(),
    UnitKind.STREET: frozenset({UnitKind.DISTRICT}),
    UnitKind.COMMUNITY: frozenset({UnitKind.STREET}),
    UnitKind.GRID: frozenset({UnitKind.COMMUNITY}),
    UnitKind.BUILDING_GROUP: frozenset({UnitKind.GRID}),
    UnitKind.HOUSEHOLD: frozenset({UnitKind.BUILDING_GROUP}),
}
# The lower the rank, the nearer the kind is to the top: a district has 0, a household has 5.
UNIT_RANKS: dict[UnitKind, int] = {kind: rank for rank, kind in enumerate(UnitKind)}
AREA_KINDS = frozenset({UnitKind.DISTRICT, UnitKind.STREET, UnitKind.COMMUNITY, UnitKind.GRID})
LOCATED_KINDS = (UnitKind.GRID, UnitKind.COMMUNITY)
PLACE_UNIT_KINDS = frozenset(LOCATED_KINDS)

PLACE_NAMES: dict[PlaceKind, str] = {
    PlaceKind.ESTATE: "小区",
    PlaceKind.BUILDING: "楼栋",
    PlaceKind.DOORWAY: "单元",
    PlaceKind.ROOM: "室",
}
# A room may stand directly in a building: old buildings have one staircase and no doorways.
PLACE_PARENTS: dict[PlaceKind, frozenset[PlaceKind]] = {
    PlaceKind.ESTATE: frozenset(),
    PlaceKind.BUILDING: frozenset({PlaceKind.ESTATE}),
    PlaceKind.DOORWAY: frozenset({PlaceKind.BUILDING}),
    PlaceKind.ROOM: frozenset({PlaceKind.DOORWAY, PlaceKind.BUILDING}),
}
MANAGEMENT_NAMES: dict[Management, str] = {
    Management.PROFESSIONAL: "专业物业",
    Management.SELF_MANAGED: "单位自管",
    Management.UNMANAGED: "无主管",
}
