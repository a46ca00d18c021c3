"""Units, places, providers, numbers and categories, all of the first community."""

from collections.abc import Callable
from typing import Any

from app.categories.models import Category
from app.categories.service import create_category, retire_category
from app.kernel.database import session
from app.organisation.models import PhoneEntry, Place, Provider, Unit
from app.organisation.service import (
    create_phone_entry,
    create_place,
    create_provider,
    create_unit,
    set_setting,
)
from app.organisation.states import PhoneKind, PlaceKind, ProviderKind, UnitKind
from tests.permissions.runner import Call, Case, Values
from tests.world import SOUTH, SYSTEM, WEST, World

CODE = "MATRIX-1"


def _plain(**body: Any) -> Callable[[Call], Values]:
    return lambda _: body


def _version_of(model: type[Any], name: str) -> Callable[[Call], int]:
    return lambda call: int(session.get_one(model, call.values[name]).version)


# --- units


def _grid(world: World) -> Values:
    return {"unit_id": world.grid.id}


def _in_community(world: World) -> Values:
    return {"unit_id": world.community.id}


def _empty_grid(world: World) -> Values:
    grid = create_unit(SYSTEM, kind=UnitKind.GRID, name="第九网格", parent_id=world.community.id)
    session.commit()
    return {"unit_id": grid.id}


def _point(_: World) -> Values:
    return {"latitude": SOUTH + 0.005, "longitude": WEST + 0.005}


def _drawn(_: Call) -> Values:
    west, south = WEST + 5, SOUTH + 5
    corners = [(west, south), (west + 1, south), (west + 1, south + 1), (west, south)]
    polygon = {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}
    return {"geojson": polygon, "coordinate_system": "gcj02"}


def _with_code(world: World) -> Values:
    session.get_one(Unit, world.community.id).code = CODE
    session.commit()
    return {}


def _new_unit(call: Call) -> Values:
    return {"kind": "grid", "name": "新网格", "parent_id": call.values["unit_id"]}


def _unit_rows(_: Call) -> bytes:
    return f"编号,名称,类别,上级编号\nM-9,导入网格,网格,{CODE}\n".encode()


def _place_rows(_: Call) -> bytes:
    return f"编号,名称,类别,单位编号\nP-9,导入小区,小区,{CODE}\n".encode()


def _created(answer: Any, _: Values) -> bool:
    return bool(answer["created"] == 1)


def _with_setting(world: World) -> Values:
    set_setting(SYSTEM, world.community.id, key="orders.open_cap", value=7)
    session.commit()
    return {"unit_id": world.community.id}


# --- places


def _building(world: World) -> Values:
    return {"place_id": world.place.id}


def _room(world: World) -> Values:
    room = create_place(SYSTEM, kind=PlaceKind.ROOM, name="501室", parent_id=world.place.id)
    session.commit()
    return {"place_id": room.id, "parent_id": world.place.id}


def _new_place(call: Call) -> Values:
    return {"kind": "estate", "name": "新小区", "unit_id": call.world.grid.id}


def _listed(answer: Any, values: Values) -> bool:
    return values["place_id"] in [item["id"] for item in answer["items"]]


# --- providers and numbers


def _provider(world: World) -> Values:
    return {"provider_id": world.provider.id}


def _with_provider_account(world: World) -> Values:
    provider = create_provider(
        SYSTEM,
        unit_id=world.community.id,
        name="平安电梯",
        kind=ProviderKind.LIFT,
        person_id=world.ids["provider"],
    )
    session.commit()
    return {"provider_id": provider.id}


def _account_shown(answer: Any, _: Values) -> bool:
    return answer["person_id"] is not None


def _new_provider(call: Call) -> Values:
    return {"unit_id": call.world.community.id, "name": "新电梯公司", "kind": "lift"}


def _entry(world: World) -> Values:
    entry = create_phone_entry(
        SYSTEM, unit_id=world.community.id, name="值班室", kind=PhoneKind.DUTY_ROOM, phone="110"
    )
    session.commit()
    return {"entry_id": entry.id}


def _new_entry(call: Call) -> Values:
    return {"unit_id": call.world.community.id, "name": "供电", "kind": "power", "phone": "95598"}


# --- categories


def _everyones(world: World) -> Values:
    return {"category_id": world.categories["小广告"]}


def _retired(world: World) -> Values:
    retire_category(SYSTEM, world.categories["小广告"])
    session.commit()
    return _everyones(world)


def _of_unit(world: World) -> Values:
    category = create_category(SYSTEM, name="借雨伞", unit_id=world.community.id)
    session.commit()
    return {"category_id": category.id}


def _new_category(call: Call) -> Values:
    return {"name": "新大类", "unit_id": call.values.get("unit_id")}


_UNIT, _PLACE = _version_of(Unit, "unit_id"), _version_of(Place, "place_id")
_PROVIDER, _ENTRY = _version_of(Provider, "provider_id"), _version_of(PhoneEntry, "entry_id")
_CATEGORY = _version_of(Category, "category_id")
_SET = _plain(key="orders.open_cap", value=9)
_CHANGED_PROVIDER = _plain(name="安心物业公司", kind="property")
_CHANGED_ENTRY = _plain(name="社区值班室", kind="duty_room", phone="05311234567")
CASES = (
    Case("units.list_units"),
    Case("units.get_unit", _grid),
    Case("units.locate", _point, query=("latitude", "longitude")),
    Case("units.get_area", _grid),
    Case("units.create_unit", _in_community, _new_unit, 201),
    Case("units.change_unit", _grid, _plain(name="改名网格"), version=_UNIT),
    Case("units.close_unit", _empty_grid, _plain()),
    Case("units.set_area", _grid, _drawn, version=_UNIT),
    Case("units.remove_area", _grid, status=204),
    Case("units.import_units", _with_code, upload=_unit_rows, shows=_created),
    Case("units.list_settings", _with_setting),
    Case("units.set_setting", _in_community, _SET, version=_UNIT),
    Case("places.list_places"),
    Case("places.list_places:rooms", _room, query=("parent_id",), shows=_listed),
    Case("places.get_place", _building),
    Case("places.get_place:room", _room),
    Case("places.create_place", body=_new_place, status=201),
    Case(
        "places.change_place",
        _building,
        _plain(name="三号楼", management="unmanaged"),
        version=_PLACE,
    ),
    Case("places.close_place", _building),
    Case("places.import_places", _with_code, upload=_place_rows, shows=_created),
    Case("providers.list_providers"),
    Case("providers.get_provider", _provider),
    Case("providers.get_provider:whose account", _with_provider_account, shows=_account_shown),
    Case("providers.create_provider", body=_new_provider, status=201),
    Case("providers.change_provider", _provider, _CHANGED_PROVIDER, version=_PROVIDER),
    Case("providers.list_phone_entries"),
    Case("providers.get_phone_entry", _entry),
    Case("providers.create_phone_entry", body=_new_entry, status=201),
    Case("providers.change_phone_entry", _entry, _CHANGED_ENTRY, version=_ENTRY),
    Case("providers.delete_phone_entry", _entry, status=204),
    Case("categories.list_categories"),
    Case("categories.get_category", _everyones),
    Case("categories.create_category", body=_new_category, status=201),
    Case("categories.create_category:of the unit", _in_community, _new_category, 201),
    Case("categories.change_category", _everyones, _plain(name="小广告清除"), version=_CATEGORY),
    Case(
        "categories.change_category:of the unit", _of_unit, _plain(name="借伞"), version=_CATEGORY
    ),
    Case("categories.retire_category", _everyones),
    Case("categories.restore_category", _retired),
)
