"""The map of the demo district: the areas of its units, and the addresses in them.

Neighbouring areas share their edges exactly, without a gap.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from app.demo.dice import dice

COLUMNS, ROWS = 6, 4
GRIDS_EACH = 4
# Degrees in GCJ-02, at a place without a town; a cell is about 480 m wide and 460 m high.
_SOUTH, _WEST = 33.4120, 108.7410
_HIGH, _WIDE = 0.0041, 0.0052
_CORNER, _BEND = 0.11, 0.05

Point = tuple[float, float]
# Column and row of a corner of the lattice; an edge joins two neighbouring corners.
Corner = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of cells from (column, row) to (to_column, to_row); the last cell is outside it."""

    column: int
    row: int
    to_column: int
    to_row: int


@dataclass(frozen=True, slots=True)
class BuildingPlan:
    """A building: its number, its grid (0–3), its point in degrees (GCJ-02), doorways and rooms.

    `doorways` is their number; each doorway has all `rooms`.
    """

    number: int
    grid: int
    latitude: float
    longitude: float
    doorways: int
    rooms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EstatePlan:
    """An estate with its kind of management; `grid` is None if the estate lies in two grids."""

    name: str
    management: str
    grid: int | None
    buildings: tuple[BuildingPlan, ...]


DISTRICT = Block(0, 0, COLUMNS, ROWS)
_ROOMS = ("101", "102", "301", "302", "501", "502")
_MANAGEMENT = ("professional", "self_managed", "unmanaged")


@cache
def names() -> dict[str, Any]:
    """The names of units, estates and people, as in `names.toml`."""
    return tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))


def street_block(street: int) -> Block:
    """The block of street 0 or 1: two rows of cells."""
    return Block(0, street * 2, COLUMNS, street * 2 + 2)


def community_block(community: int) -> Block:
    """The block of community 0 to 5: 2 × 2 cells; the first three communities are in street 0."""
    column, row = community % 3 * 2, community // 3 * 2
    return Block(column, row, column + 2, row + 2)


def grid_block(community: int, grid: int) -> Block:
    """The block of grid 0 to 3 of a community: one cell."""
    whole = community_block(community)
    column, row = whole.column + grid % 2, whole.row + grid // 2
    return Block(column, row, column + 1, row + 1)


@cache
def _corners() -> dict[Corner, Point]:
    chance = dice("corners")
    return {
        (column, row): (
            round(_WEST + (column + chance.uniform(-_CORNER, _CORNER)) * _WIDE, 6),
            round(_SOUTH + (row + chance.uniform(-_CORNER, _CORNER)) * _HIGH, 6),
        )
        for column in range(COLUMNS + 1)
        for row in range(ROWS + 1)
    }


@cache
def _bends(start: Corner, end: Corner) -> tuple[Point, ...]:
    """Two points that make the edge between neighbouring corners a little crooked."""
    chance = dice(f"edge {start} {end}")
    (x, y), (to_x, to_y) = _corners()[start], _corners()[end]
    return tuple(
        (
            round(x + (to_x - x) * part + chance.uniform(-_BEND, _BEND) * _WIDE, 6),
            round(y + (to_y - y) * part + chance.uniform(-_BEND, _BEND) * _HIGH, 6),
        )
        for part in (1 / 3, 2 / 3)
    )


def _side(start: Corner, end: Corner) -> list[Point]:
    """The points from a corner to its neighbour, without the neighbour.

    Both directions have the same points, so that two areas share the edge.
    """
    bends = _bends(*sorted((start, end)))
    return [_corners()[start], *(bends if start < end else reversed(bends))]


def outline(block: Block) -> dict[str, Any]:
    """The border of the block as a GeoJSON Polygon, counter-clockwise, points as (longitude, latitude)."""
    corners = [
        *((column, block.row) for column in range(block.column, block.to_column)),
        *((block.to_column, row) for row in range(block.row, block.to_row)),
        *((column, block.to_row) for column in range(block.to_column, block.column, -1)),
        *((block.column, row) for row in range(block.to_row, block.row, -1)),
    ]
    ring: list[list[float]] = []
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        ring.extend([x, y] for x, y in _side(start, end))
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@cache
def estates(community: int) -> tuple[EstatePlan, ...]:
    """The three estates of a community: in grid 0, in grid 1, and in grids 2 and 3 together."""
    chance = dice(f"estates {community}")
    plans = []
    for place, name in enumerate(names()["communities"][community]["estates"]):
        grids = (place,) if place < 2 else (2, 3)
        buildings = tuple(
            _building(
                community, grids[number % len(grids)], number + 1, 2 if place < 2 else 1, chance
            )
            for number in range(4)
        )
        grid = place if place < 2 else None
        plans.append(EstatePlan(name, _MANAGEMENT[place], grid, buildings))
    return tuple(plans)


def _building(
    community: int, grid: int, number: int, doorways: int, chance: Random
) -> BuildingPlan:
    cell = grid_block(community, grid)
    east = 0.28 + 0.14 * (number - 1) + chance.uniform(-0.03, 0.03)
    north = chance.uniform(0.3, 0.7)
    return BuildingPlan(
        number,
        grid,
        round(_SOUTH + (cell.row + north) * _HIGH, 6),
        round(_WEST + (cell.column + east) * _WIDE, 6),
        doorways,
        _ROOMS,
    )


def spot(community: int, grid: int, subject: str) -> Point:
    """A point out of doors inside a grid, as (latitude, longitude); each subject has its own point."""
    chance = dice(f"spot {community} {grid} {subject}")
    cell = grid_block(community, grid)
    return (
        round(_SOUTH + (cell.row + chance.uniform(0.2, 0.8)) * _HIGH, 6),
        round(_WEST + (cell.column + chance.uniform(0.2, 0.8)) * _WIDE, 6),
    )


@dataclass(frozen=True, slots=True)
class Address:
    """A room by its community, estate (0–2), building (1–4), doorway (1–2) and number."""

    community: int
    estate: int
    building: int
    doorway: int
    room: str

    @property
    def plan(self) -> BuildingPlan:
        """The plan of the building."""
        return estates(self.community)[self.estate].buildings[self.building - 1]

    @property
    def words(self) -> dict[str, str]:
        """The Chinese words for the fields 小区, 楼 and 单元 of the texts."""
        return {
            "小区": estates(self.community)[self.estate].name,
            "楼": f"{self.building}号楼",
            "单元": f"{self.doorway}单元",
        }

    def __str__(self) -> str:
        return "".join(self.words.values()) + f"{self.room}室"


@cache
def addresses(community: int) -> tuple[Address, ...]:
    """The addresses of all rooms of a community, shuffled."""
    rooms = [
        Address(community, place, building.number, doorway, room)
        for place, estate in enumerate(estates(community))
        for building in estate.buildings
        for doorway in range(1, building.doorways + 1)
        for room in building.rooms
    ]
    dice(f"rooms {community}").shuffle(rooms)
    return tuple(rooms)
