"""Puts units with their areas, places, providers and the phone book into the database."""

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import update

from app.demo import geography
from app.demo.geography import Address, Block
from app.demo.places import AGE, PlaceKey, build_places, key_of
from app.demo.population import COMMUNITIES
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.organisation import service
from app.organisation.geometry import CoordinateSystem
from app.organisation.models import PhoneEntry, Place, Provider, Unit
from app.organisation.states import Management, PhoneKind, ProviderKind, UnitKind


@dataclass(slots=True)
class Ground:
    """The units of the demo by key ("community:0", "grid:0:3"), its places and its providers."""

    units: dict[str, Unit] = field(default_factory=dict)
    places: dict[PlaceKey, Place] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)

    def room(self, address: Address) -> Place:
        """The place of the address's room."""
        return self.places[key_of(address)]

    def doorway(self, address: Address) -> Place:
        """The place of the address's doorway."""
        return self.places[key_of(address)[:4]]


@cache
def _outside() -> dict[str, list[dict[str, Any]]]:
    text = (Path(__file__).parent / "providers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def lay_ground(actor: Actor) -> Ground:
    """Puts in all units, areas, places, providers and phones, dated back by more than a year."""
    ground = Ground()
    _units(actor, ground)
    _providers(actor, ground)
    ground.places = build_places(ground.units, ground.providers)
    _age(now() - AGE)
    return ground


def _units(actor: Actor, ground: Ground) -> None:
    names = geography.names()
    district = service.found_district(actor, names["district"], code="demo")
    ground.units["district"] = district
    _draw(actor, district, geography.DISTRICT)
    for number, name in enumerate(names["streets"]):
        street = _unit(actor, ground, f"street:{number}", UnitKind.STREET, name, district)
        _draw(actor, street, geography.street_block(number))
    for number, about in enumerate(names["communities"]):
        above = ground.units[f"street:{number // 3}"]
        key = f"community:{number}"
        community = _unit(actor, ground, key, UnitKind.COMMUNITY, about["name"], above)
        _draw(actor, community, geography.community_block(number))
        for grid in range(geography.GRIDS_EACH):
            _grid(actor, ground, number, grid)


def _grid(actor: Actor, ground: Ground, community: int, number: int) -> None:
    above = ground.units[f"community:{community}"]
    key = f"grid:{community}:{number}"
    grid = _unit(actor, ground, key, UnitKind.GRID, f"第{'一二三四'[number]}网格", above)
    _draw(actor, grid, geography.grid_block(community, number))
    key = f"group:{community}:{number}"
    group = _unit(actor, ground, key, UnitKind.BUILDING_GROUP, "1至4号楼楼组", grid)
    key = f"household:{community}:{number}"
    _unit(actor, ground, key, UnitKind.HOUSEHOLD, "2号楼党员中心户", group)


def _unit(actor: Actor, ground: Ground, key: str, kind: UnitKind, name: str, above: Unit) -> Unit:
    station = kind in (UnitKind.STREET, UnitKind.COMMUNITY)
    unit = service.create_unit(
        actor,
        kind=kind,
        name=name,
        parent_id=above.id,
        code=f"demo-{key.replace(':', '-')}",
        phone=f"0600-88002{len(ground.units):02d}" if station else None,
        hours="8:30至18:00，夜间有人值班" if station else None,
    )
    ground.units[key] = unit
    return unit


def _draw(actor: Actor, unit: Unit, block: Block) -> None:
    service.set_area(
        actor,
        unit.id,
        geojson=geography.outline(block),
        coordinate_system=CoordinateSystem.GCJ02,
    )


def _providers(actor: Actor, ground: Ground) -> None:
    district = ground.units["district"]
    for about in _outside()["district_providers"]:
        ground.providers[about["key"]] = service.create_provider(
            actor,
            unit_id=district.id,
            name=about["name"],
            kind=ProviderKind(about["kind"]),
            phone=about["phone"],
            hours=about["hours"],
        )
    for sort, about in enumerate(_outside()["district_phones"]):
        service.create_phone_entry(
            actor,
            unit_id=district.id,
            name=about["name"],
            kind=PhoneKind(about["kind"]),
            phone=about["phone"],
            hours=about.get("hours"),
            note=about.get("note"),
            sort=sort,
        )
    for community in range(COMMUNITIES):
        _local_providers(actor, ground, community)


def _local_providers(actor: Actor, ground: Ground, community: int) -> None:
    unit = ground.units[f"community:{community}"]
    firms = [(f"lift:{community}", "电梯维保站", ProviderKind.LIFT, PhoneKind.LIFT)]
    for place, estate in enumerate(geography.estates(community)):
        if estate.management != Management.UNMANAGED:
            word = "物业服务处" if estate.management == Management.PROFESSIONAL else "后勤管理组"
            firm = f"{estate.name}{word}"
            firms.append(
                (f"property:{community}:{place}", firm, ProviderKind.PROPERTY, PhoneKind.PROPERTY)
            )
    for number, (key, name, kind, phone_kind) in enumerate(firms):
        phone = f"0600-88{community + 3}01{number:02d}"
        ground.providers[key] = service.create_provider(
            actor, unit_id=unit.id, name=name, kind=kind, phone=phone, hours="8:00至18:00，急修全天"
        )
        service.create_phone_entry(
            actor, unit_id=unit.id, name=name, kind=phone_kind, phone=phone, sort=number
        )


def _age(at: datetime) -> None:
    for model in (Unit, Provider, PhoneEntry):
        session.execute(update(model).values(created_at=at))
