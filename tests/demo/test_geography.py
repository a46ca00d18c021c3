"""The ground: grids that tile the district, and homes that stand in them."""

from random import Random

from app.demo import geography
from app.demo.geography import Block, addresses, estates, spot
from app.demo.population import COMMUNITIES, people
from app.organisation.areas import area_of, read_area
from app.organisation.geometry import Area, CoordinateSystem, is_in_china

GRIDS = [(community, grid) for community in range(COMMUNITIES) for grid in range(4)]


def area(block: Block) -> Area:
    """The block's area, checked as an administrator's drawing is."""
    return area_of(read_area(geography.outline(block), CoordinateSystem.GCJ02))


def test_a_point_of_the_district_is_in_one_grid_of_one_community_of_one_street() -> None:
    district = area(geography.DISTRICT)
    layers = [
        [area(geography.street_block(number)) for number in range(2)],
        [area(geography.community_block(number)) for number in range(COMMUNITIES)],
        [area(geography.grid_block(*key)) for key in GRIDS],
    ]
    chance, box = Random(7), district.box
    inside = 0
    for _ in range(4000):
        latitude, longitude = (
            chance.uniform(box.south, box.north),
            chance.uniform(box.west, box.east),
        )
        found = int(district.contains(latitude, longitude))
        inside += found
        for layer in layers:
            assert sum(one.contains(latitude, longitude) for one in layer) == found
    assert inside > 3000


def test_corners_and_bends_belong_to_one_grid_too() -> None:
    areas = [area(geography.grid_block(*key)) for key in GRIDS]
    district = area(geography.DISTRICT)
    for key in GRIDS:
        for longitude, latitude in geography.outline(geography.grid_block(*key))["coordinates"][0]:
            found = sum(one.contains(latitude, longitude) for one in areas)
            assert found == int(district.contains(latitude, longitude))


def test_borders_are_not_straight() -> None:
    ring = geography.outline(geography.grid_block(2, 3))["coordinates"][0]
    assert len({x for x, _ in ring}) == len({y for _, y in ring}) == len(ring) - 1


def test_buildings_and_spots_stand_in_their_grid() -> None:
    for community, grid in GRIDS:
        here = area(geography.grid_block(community, grid))
        for estate in estates(community):
            for building in estate.buildings:
                inside = here.contains(building.latitude, building.longitude)
                assert inside == (building.grid == grid)
                assert is_in_china(building.latitude, building.longitude)
        assert here.contains(*spot(community, grid, "x"))


def test_three_kinds_of_management_in_each_community() -> None:
    for community in range(COMMUNITIES):
        kinds = {estate.management for estate in estates(community)}
        assert kinds == {"professional", "self_managed", "unmanaged"}


def test_nobody_shares_a_room() -> None:
    homes = [person.home for person in people().values() if person.home]
    assert len(set(homes)) == len(homes) == 380
    assert all(home in addresses(home.community) for home in homes)
