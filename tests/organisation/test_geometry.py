"""Geometry against slow references: exact fractions, plain scans, known figures."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisation.geometry import (
    Area,
    AreaIndex,
    Box,
    CoordinateSystem,
    Point,
    Ring,
    box_of,
    equirectangular,
    haversine,
    in_gcj02,
    is_on_earth,
    side,
    to_gcj02,
)

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
# A lattice makes points on edges and corners common; floats make rounding common.
lattice = st.integers(-4, 4).map(float)
anywhere = st.one_of(lattice, st.floats(-5, 5, allow_subnormal=True))
SQUARE: Ring = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


def slow_contains(rings: list[list[Point]], x: float, y: float) -> bool:
    """The definition in fractions: an odd number of edges strictly to the east, half-open."""
    crossings = 0
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, ring[1:], strict=False):
            if (ay > y) != (by > y):
                run, rise = Fraction(bx) - Fraction(ax), Fraction(by) - Fraction(ay)
                at = Fraction(ax) + run * (Fraction(y) - Fraction(ay)) / rise
                crossings += Fraction(x) < at
    return crossings % 2 == 1


def closed(points: list[Point]) -> list[Point]:
    """A ring of the points."""
    return [*points, points[0]]


rings = st.lists(st.tuples(anywhere, anywhere), min_size=3, max_size=9).map(closed)


def test_a_known_point_is_shifted_as_everybody_shifts_it() -> None:
    """The figures of the map providers, to the last digit."""
    assert to_gcj02(39.908823, 116.39747) == (39.91022649807321, 116.4037135824225)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(0.0, 0.0), (35.7, 139.7), (48.85, 2.35), (-33.9, 151.2)]
)
def test_outside_china_nothing_is_shifted(latitude: float, longitude: float) -> None:
    """Tokyo, Paris, Sydney are where they are."""
    assert to_gcj02(latitude, longitude) == (latitude, longitude)


@given(st.floats(18, 53), st.floats(74, 134))
def test_the_shift_is_a_few_hundred_metres(latitude: float, longitude: float) -> None:
    """Never less than nothing, never a kilometre."""
    shifted = to_gcj02(latitude, longitude)
    assert 1 < haversine(latitude, longitude, *shifted) < 1000


def test_only_wgs84_is_converted() -> None:
    """What comes in GCJ-02 stays."""
    assert in_gcj02(39.9, 116.4, CoordinateSystem.GCJ02) == (39.9, 116.4)
    assert in_gcj02(39.9, 116.4, CoordinateSystem.WGS84) == to_gcj02(39.9, 116.4)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 90.1, -90.1])
def test_latitudes_off_the_earth(wrong: float) -> None:
    """Neither infinite nor too far north."""
    assert not is_on_earth(wrong, 0)
    assert is_on_earth(90, -180)


def test_known_distances() -> None:
    """Beijing to Shanghai, half round the earth, and nothing."""
    assert haversine(39.9042, 116.4074, 31.2304, 121.4737) == pytest.approx(1_067_000, rel=0.002)
    assert haversine(0, 0, 0, 180) == pytest.approx(math.pi * 6_371_008.8)
    assert haversine(30, 120, 30, 120) == 0


@given(st.floats(18, 53), st.floats(74, 134), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_the_plane_is_good_enough_nearby(
    latitude: float, longitude: float, north: float, east: float
) -> None:
    """Within 0.1 % up to 100 km."""
    there = latitude + north, longitude + east
    assert equirectangular(latitude, longitude, *there) == pytest.approx(
        haversine(latitude, longitude, *there), rel=1e-3, abs=0.01
    )


@given(anywhere, anywhere, anywhere, anywhere, anywhere, anywhere)
def test_the_side_of_a_line_is_exact(
    ax: float, ay: float, bx: float, by: float, x: float, y: float
) -> None:
    """The sign is that of the fractions, also where floats round it away."""
    run = (Fraction(bx) - Fraction(ax)) * (Fraction(y) - Fraction(ay))
    rise = (Fraction(by) - Fraction(ay)) * (Fraction(x) - Fraction(ax))
    found = side(ax, ay, bx, by, x, y)
    assert (found > 0) - (found < 0) == (run > rise) - (run < rise)


def test_rounding_does_not_decide_the_side() -> None:
    """Cases in which the plain determinant says 0, or even the other side."""
    tiny = 2.0**-53
    assert side(0.5 + 139 * tiny, 0.5 + 150 * tiny, 12.0, 12.0, 24.0, 24.0) > 0
    assert side(0.5 + 81 * tiny, 0.5 + 77 * tiny, 12.0, 12.0, 24.0, 24.0) < 0
    assert side(0.5, 0.5, 12.0, 12.0, 24.0, 24.0) == 0
    assert side(0.5 + tiny, 0.5, 12.0, 12.0, 24.0, 24.0) < 0


@given(st.lists(rings, min_size=1, max_size=3), anywhere, anywhere)
def test_inside_is_what_the_definition_says(shape: list[list[Point]], x: float, y: float) -> None:
    """Any rings, crossing ones too."""
    assert Area(shape).contains(y, x) == slow_contains(shape, x, y)


def test_a_hole_is_outside_and_parts_are_inside() -> None:
    """Holes and several parts by the same rule."""
    hole = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75), (0.25, 0.25)]
    island = [(2.0, 0.0), (3.0, 0.0), (3.0, 1.0), (2.0, 0.0)]
    area = Area([SQUARE, hole, island])
    assert area.contains(0.1, 0.5)
    assert not area.contains(0.5, 0.5)
    assert area.contains(0.2, 2.8)
    assert not area.contains(0.5, 1.5)


def test_a_border_belongs_to_one_side_alone() -> None:
    """South and west edges are in, north and east edges are out."""
    area = Area([SQUARE])
    assert area.contains(0, 0.5)
    assert area.contains(0.5, 0)
    assert area.contains(0, 0)
    assert not area.contains(1, 0.5)
    assert not area.contains(0.5, 1)
    assert not area.contains(1, 1)


@given(
    st.lists(st.tuples(st.floats(0.6, 1.4), st.floats(0.6, 1.4)), min_size=9, max_size=9),
    st.data(),
)
def test_of_areas_that_tile_the_plane_exactly_one_holds_each_point(
    shifts: list[tuple[float, float]], data: st.DataObject
) -> None:
    """A crooked 2 × 2 tiling; points are drawn inside, on its edges and on its corners."""
    corner = {
        (i, j): (2.0 * i + shifts[3 * i + j][0], 2.0 * j + shifts[3 * i + j][1])
        for i in range(3)
        for j in range(3)
    }
    tiles = [
        Area([closed([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]])])
        for i in range(2)
        for j in range(2)
    ]
    middle = corner[1, 1]
    end = data.draw(st.sampled_from([corner[0, 1], corner[2, 1], corner[1, 0], corner[1, 2]]))
    # Never at the far end, which may be on the outline of the whole.
    along = data.draw(st.floats(0, 0.99))
    x = middle[0] + along * (end[0] - middle[0])
    y = middle[1] + along * (end[1] - middle[1])
    assert sum(tile.contains(y, x) for tile in tiles) == 1


@given(rings)
def test_the_box_holds_the_ring(ring: list[Point]) -> None:
    """All corners are inside it."""
    box = box_of([ring])
    assert all(box.contains(y, x) for x, y in ring)


def test_distance_to_an_area() -> None:
    """Nothing inside; to the nearest edge or corner outside."""
    area = Area([SQUARE])
    assert area.distance(0.5, 0.5) == 0
    assert area.distance(0.5, 2.0) == pytest.approx(haversine(0.5, 2, 0.5, 1), rel=1e-3)
    assert area.distance(2.0, 2.0) == pytest.approx(haversine(2, 2, 1, 1), rel=1e-3)


@given(rings, anywhere, anywhere)
def test_a_box_is_never_farther_than_its_area(ring: list[Point], x: float, y: float) -> None:
    """What lets the search for the nearest area stop early."""
    area = Area([ring])
    if not area.contains(y, x):
        assert area.box.distance(y, x) <= area.distance(y, x) * (1 + 1e-9) + 1e-6


shapes = st.lists(rings, max_size=8)


@given(shapes, anywhere, anywhere)
def test_the_index_finds_what_a_scan_finds(shape: list[list[Point]], x: float, y: float) -> None:
    """The first area of the list that holds the point."""
    areas = [Area([ring]) for ring in shape]
    scanned = next((n for n, area in enumerate(areas) if area.contains(y, x)), None)
    assert AreaIndex(enumerate(areas)).find(y, x) == scanned


@given(shapes, anywhere, anywhere)
def test_the_index_finds_the_nearest(shape: list[list[Point]], x: float, y: float) -> None:
    """No area is nearer than the one it names."""
    areas = [Area([ring]) for ring in shape]
    nearest = AreaIndex(enumerate(areas)).nearest(y, x)
    if nearest is None:
        assert not areas
    else:
        least = min(area.distance(y, x) for area in areas)
        assert areas[nearest].distance(y, x) == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_an_empty_index_finds_nothing() -> None:
    """A district before its areas are drawn."""
    empty: AreaIndex[int] = AreaIndex(())
    assert empty.find(30, 120) is None
    assert empty.nearest(30, 120) is None


def test_the_size_of_a_box() -> None:
    """In square degrees, to compare."""
    assert Box(0, 0, 2, 3).size == 6


def test_the_index_asks_few_areas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 400 areas a point meets a handful, wherever it lies."""
    areas = [
        Area([[(x + column, y + row) for x, y in SQUARE]])
        for row in range(20)
        for column in range(20)
    ]
    index = AreaIndex(enumerate(areas))
    asked: list[Area] = []
    contains = Area.contains

    def counted(area: Area, latitude: float, longitude: float) -> bool:
        asked.append(area)
        return contains(area, latitude, longitude)

    monkeypatch.setattr(Area, "contains", counted)
    for row in range(20):
        for column in range(20):
            asked.clear()
            assert index.find(row + 0.3, column + 0.7) == 20 * row + column
            assert len(asked) <= 4
