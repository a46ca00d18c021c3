"""Puts the estates with their buildings, doorways and rooms into the database, level after level."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.demo.geography import Address, BuildingPlan, EstatePlan, estates
from app.demo.population import COMMUNITIES
from app.kernel.clock import now
from app.kernel.database import session
from app.organisation.models import Place, Provider, Unit
from app.organisation.states import Management, PlaceKind

AGE = timedelta(days=420)
# Community, estate, building, doorway, room; an estate's key has two parts, a room's key has five.
PlaceKey = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    key: PlaceKey
    kind: PlaceKind
    name: str
    sort: int
    estate: EstatePlan
    grid: int | None
    building: BuildingPlan | None = None


def key_of(address: Address) -> PlaceKey:
    """The key of the address's room; its first four parts are the key of the doorway."""
    return (
        address.community,
        address.estate,
        address.building,
        address.doorway,
        address.room,
    )


def build_places(
    units: Mapping[str, Unit], providers: Mapping[str, Provider]
) -> dict[PlaceKey, Place]:
    """Puts in all places; returns them by key.

    The path of a place holds its own id and the ids above it, so the upper level is stored first.
    """
    places: dict[PlaceKey, Place] = {}
    for depth in range(2, 6):
        level = [node for node in _nodes() if len(node.key) == depth]
        for node in level:
            places[node.key] = _place(node, units, providers, places)
        session.add_all(places[node.key] for node in level)
        session.flush()
        for node in level:
            place, above = places[node.key], places.get(node.key[:-1])
            place.path = f"{above.path if above else '/'}{place.id}/"
        session.flush()
    return places


def _nodes() -> Iterator[_Node]:
    for community in range(COMMUNITIES):
        for number, estate in enumerate(estates(community)):
            root = (community, number)
            yield _Node(root, PlaceKind.ESTATE, estate.name, number, estate, estate.grid)
            for building in estate.buildings:
                yield from _inside(root, estate, building)


def _inside(root: PlaceKey, estate: EstatePlan, building: BuildingPlan) -> Iterator[_Node]:
    def node(key: PlaceKey, kind: PlaceKind, name: str, sort: int) -> _Node:
        return _Node((*root, *key), kind, name, sort, estate, building.grid, building)

    number = building.number
    yield node((number,), PlaceKind.BUILDING, f"{number}号楼", number)
    for doorway in range(1, building.doorways + 1):
        yield node((number, doorway), PlaceKind.DOORWAY, f"{doorway}单元", doorway)
        for room in building.rooms:
            yield node((number, doorway, room), PlaceKind.ROOM, f"{room}室", int(room))


def _place(
    node: _Node,
    units: Mapping[str, Unit],
    providers: Mapping[str, Provider],
    places: Mapping[PlaceKey, Place],
) -> Place:
    community, estate = node.key[:2]
    key = f"community:{community}" if node.grid is None else f"grid:{community}:{node.grid}"
    above = places.get(node.key[:-1])
    provider = providers.get(f"property:{community}:{estate}")
    return Place(
        kind=node.kind,
        name=node.name,
        full_name=f"{above.full_name} {node.name}" if above else node.name,
        parent_id=above.id if above else None,
        path="",
        unit_id=units[key].id,
        management=Management(node.estate.management),
        provider_id=provider.id if provider else None,
        latitude=node.building.latitude if node.building else None,
        longitude=node.building.longitude if node.building else None,
        sort=node.sort,
        created_at=now() - AGE,
    )
