"""Polygons that are drawn badly are refused, each fault with its own code."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Invalid
from app.organisation.areas import MOST_POINTS, area_of, read_area
from app.organisation.geometry import CoordinateSystem, to_gcj02

GCJ = CoordinateSystem.GCJ02
Ring = list[list[float]]
SQUARE: Ring = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE: Ring = [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]


def moved(ring: Ring, x: float, y: float) -> Ring:
    """The ring elsewhere."""
    return [[px + x, py + y] for px, py in ring]


def polygon(*rings: Any) -> dict[str, Any]:
    """A GeoJSON polygon."""
    return {"type": "Polygon", "coordinates": list(rings)}


def multi(*parts: Any) -> dict[str, Any]:
    """A GeoJSON multipolygon."""
    return {"type": "MultiPolygon", "coordinates": list(parts)}


def refusal(geojson: object) -> str:
    """The code with which it is refused."""
    with pytest.raises(Invalid) as refused:
        read_area(geojson, GCJ)
    assert refused.value.message.endswith("。")
    return refused.value.code


@pytest.mark.parametrize(
    "geojson",
    [
        polygon(SQUARE),
        polygon(SQUARE[::-1]),
        polygon(SQUARE, HOLE),
        polygon(SQUARE, HOLE, moved(HOLE, 1, 1)),
        polygon(SQUARE, [[0, 0], [1, 2], [2, 1], [0, 0]]),
        multi([SQUARE], [moved(SQUARE, 5, 0)]),
        multi([SQUARE], [moved(SQUARE, 4, 4)]),
        multi([SQUARE, HOLE], [[[1.2, 1.2], [1.8, 1.2], [1.5, 1.8], [1.2, 1.2]]]),
        {"type": "Feature", "properties": {}, "geometry": polygon(SQUARE)},
    ],
    ids=[
        "plain", "clockwise", "hole", "holes touching", "hole touching the edge", "two parts",
        "parts touching", "part in a hole", "feature",
    ],
)  # fmt: skip
def test_good_areas_are_read(geojson: dict[str, Any]) -> None:
    """Whatever GeoJSON allows and a map program writes."""
    stored = read_area(geojson, GCJ)
    assert stored["type"] in ("Polygon", "MultiPolygon")
    assert area_of(stored).contains(0.5, 3.5)


@pytest.mark.parametrize(
    ("geojson", "code"),
    [
        (None, "area.not_a_polygon"),
        ([], "area.not_a_polygon"),
        ({"type": "Point", "coordinates": [1, 2]}, "area.not_a_polygon"),
        ({"type": "Polygon"}, "area.not_a_polygon"),
        (polygon(), "area.not_a_polygon"),
        (multi(), "area.not_a_polygon"),
        (multi([]), "area.not_a_polygon"),
        (polygon("ring"), "area.not_a_polygon"),
        ({"type": "Feature", "geometry": None}, "area.not_a_polygon"),
        (polygon([[0, 0], [1, 0], [1, 1], [0, 1]]), "area.ring_not_closed"),
        (polygon([]), "area.ring_not_closed"),
        (polygon([[0, 0]]), "area.ring_not_closed"),
        (polygon([[0, 0], [1, 1], [0, 0]]), "area.ring_too_short"),
        (polygon([[0, 0], [1, 1], [1, 1], [0, 0]]), "area.ring_too_short"),
        (polygon([[0, 0], [1], [1, 1], [0, 0]]), "area.position_invalid"),
        (polygon([[0, 0], ["1", 0], [1, 1], [0, 0]]), "area.position_invalid"),
        (polygon([[0, 0], [True, 0], [1, 1], [0, 0]]), "area.position_invalid"),
        (polygon([0, 1, 2, 0]), "area.position_invalid"),
        (polygon([[0, 0], [1, 0], [1, 91], [0, 0]]), "area.out_of_range"),
        (polygon([[0, 0], [181, 0], [1, 1], [0, 0]]), "area.out_of_range"),
        (polygon([[0, 0], [float("nan"), 0], [1, 1], [0, 0]]), "area.out_of_range"),
        (polygon([[0, 0], [10**400, 0], [1, 1], [0, 0]]), "area.out_of_range"),
        (polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]), "area.self_intersection"),
        (polygon([[0, 0], [2, 0], [1, 0], [0, 0]]), "area.self_intersection"),
        (polygon([[0, 0], [2, 0], [2, 2], [2, 1], [0, 0]]), "area.self_intersection"),
        (polygon([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]]), "area.self_intersection"),
        (polygon(SQUARE, moved(HOLE, 2.5, 0)), "area.self_intersection"),
        (polygon(SQUARE, SQUARE), "area.self_intersection"),
        (polygon(SQUARE, moved(HOLE, 9, 0)), "area.hole_outside"),
        (polygon(HOLE, SQUARE), "area.hole_outside"),
        (polygon(SQUARE, [[1, 1], [1, 3], [3, 3], [3, 1], [1, 1]],
                 [[1.5, 1.5], [1.5, 2], [2, 2], [1.5, 1.5]]), "area.parts_overlap"),
        (multi([SQUARE], [HOLE]), "area.parts_overlap"),
        (multi([HOLE], [SQUARE]), "area.parts_overlap"),
        (multi([SQUARE], [moved(SQUARE, 4, 0)]), "area.self_intersection"),
    ],
)  # fmt: skip
def test_bad_areas_are_refused(geojson: object, code: str) -> None:
    """Each fault has its own code."""
    assert refusal(geojson) == code


def test_too_many_points_are_refused() -> None:
    """A border needs no point every metre."""
    saw = [[x / 1000, x % 2 / 1000] for x in range(MOST_POINTS)]
    assert refusal(polygon([*saw, [0, 5], saw[0]])) == "area.too_many_points"


def test_heights_and_repeated_points_are_left_out() -> None:
    """As map programs write them."""
    stored = read_area(polygon([[0, 0, 9], [4, 0, 9], [4, 0, 9], [4, 4, 9], [0, 0, 9]]), GCJ)
    assert stored == polygon([[0, 0], [4, 0], [4, 4], [0, 0]])


def test_wgs84_is_stored_as_gcj02() -> None:
    """Corner by corner, so that neighbours keep their common border."""
    ring = [[116.39, 39.90], [116.40, 39.90], [116.40, 39.91], [116.39, 39.90]]
    stored = read_area(polygon(ring), CoordinateSystem.WGS84)
    latitude, longitude = to_gcj02(39.90, 116.39)
    assert stored["coordinates"][0][0] == [longitude, latitude]
    assert stored["coordinates"][0][0] == stored["coordinates"][0][-1]


def crosses_itself(points: list[tuple[int, int]]) -> bool:
    """By brute force on whole numbers: any two edges that meet where they should not."""
    edges = list(zip(points, [*points[1:], points[0]], strict=True))

    def turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
        cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        return (cross > 0) - (cross < 0)

    def on(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
        inside = min(a[0], b[0]) <= c[0] <= max(a[0], b[0])
        return turn(a, b, c) == 0 and inside and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])

    for i, (a, b) in enumerate(edges):
        for j, (c, d) in enumerate(edges[:i]):
            neighbours = i - j in (1, len(edges) - 1)
            if neighbours:
                shared, one, other = (a, b, c) if a == d else (b, a, d)
                if on(shared, one, other) or on(shared, other, one):
                    return True
            elif (
                (turn(a, b, c) != turn(a, b, d) and turn(c, d, a) != turn(c, d, b))
                or on(a, b, c) or on(a, b, d) or on(c, d, a) or on(c, d, b)
            ):  # fmt: skip
                return True
    return False


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=8, unique=True)
)
def test_self_intersection_is_found_always_and_only_where_it_is(
    points: list[tuple[int, int]],
) -> None:
    """Against brute force."""
    ring = [list(point) for point in [*points, points[0]]]
    if crosses_itself(points):
        assert refusal(polygon(ring)) == "area.self_intersection"
    else:
        assert read_area(polygon(ring), GCJ) == polygon(ring)
