"""Reads GeoJSON polygons and checks them; each fault has a code and tells its position."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from app.kernel.errors import Invalid
from app.organisation.geometry import (
    Area,
    CoordinateSystem,
    Point,
    Ring,
    in_gcj02,
    is_on_earth,
    side,
)

MOST_POINTS = 5000

Part = list[list[Point]]
# Start point, end point, number of the ring, position in the ring, number of the ring's edges.
_Edge = tuple[Point, Point, int, int, int]
_APART, _TOUCHING, _CROSSING = 0, 1, 2


def read_area(geojson: object, system: CoordinateSystem) -> dict[str, Any]:
    """Checks a GeoJSON Polygon or MultiPolygon and returns it in GCJ-02, as `UnitArea.geojson` keeps it.

    `system` is the coordinate system of `geojson`. Of a Feature the geometry is taken; heights and
    points that repeat the point before them are dropped. A MultiPolygon of one part becomes a
    Polygon.

    Raises Invalid `area.not_a_polygon`, `area.position_invalid`, `area.out_of_range`,
    `area.ring_not_closed`, `area.ring_too_short`, `area.too_many_points` (more than 5,000),
    `area.self_intersection`, `area.hole_outside`, `area.parts_overlap`.
    """
    parts = [[_ring(ring) for ring in _list(part)] for part in _parts(geojson)]
    if not parts or not all(parts):
        raise _not_a_polygon()
    if sum(len(ring) for part in parts for ring in part) > MOST_POINTS:
        raise Invalid("area.too_many_points", f"边界的点太多，请简化到{MOST_POINTS}个点以内。")
    _check_edges([ring for part in parts for ring in part])
    for part in parts:
        _check_holes(part)
    for one, other in combinations(parts, 2):
        _check_apart(one, other)
    stored = [[[_stored(point, system) for point in ring] for ring in part] for part in parts]
    if len(stored) == 1:
        return {"type": "Polygon", "coordinates": stored[0]}
    return {"type": "MultiPolygon", "coordinates": stored}


def area_of(geojson: dict[str, Any]) -> Area:
    """Returns the `Area` of a polygon that `read_area` has returned."""
    several = geojson["type"] == "MultiPolygon"
    parts = geojson["coordinates"] if several else [geojson["coordinates"]]
    return Area([[(x, y) for x, y in ring] for part in parts for ring in part])


def _stored(point: Point, system: CoordinateSystem) -> list[float]:
    latitude, longitude = in_gcj02(point[1], point[0], system)
    return [longitude, latitude]


def _not_a_polygon() -> Invalid:
    return Invalid("area.not_a_polygon", "边界要用 GeoJSON 的 Polygon 或 MultiPolygon 表示。")


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _not_a_polygon()
    return value


def _parts(geojson: object) -> list[Any]:
    if isinstance(geojson, dict) and geojson.get("type") == "Feature":
        geojson = geojson.get("geometry")
    if not isinstance(geojson, dict):
        raise _not_a_polygon()
    coordinates = _list(geojson.get("coordinates"))
    match geojson.get("type"):
        case "Polygon":
            return [coordinates]
        case "MultiPolygon":
            return coordinates
        case _:
            raise _not_a_polygon()


def _ring(positions: object) -> list[Point]:
    ring: list[Point] = []
    for position in _list(positions):
        point = _point(position)
        if not ring or point != ring[-1]:
            ring.append(point)
    if len(ring) < 2 or ring[0] != ring[-1]:
        raise Invalid("area.ring_not_closed", "边界没有闭合：最后一个点要与第一个点相同。")
    if len(ring) < 4:
        raise Invalid("area.ring_too_short", "边界至少要有三个不同的点。")
    return ring


def _point(position: object) -> Point:
    numbers = position[:2] if isinstance(position, list) else []
    if len(numbers) < 2 or not all(type(number) in (int, float) for number in numbers):
        raise Invalid("area.position_invalid", "边界上的每个点要写成经度、纬度两个数字。")
    longitude, latitude = numbers
    if not is_on_earth(latitude, longitude):
        raise Invalid(
            "area.out_of_range",
            "边界上有点超出范围：经度在-180到180之间，纬度在-90到90之间，经度写在前面。",
        )
    return float(longitude), float(latitude)


def _near(point: Point) -> str:
    return f"（经度{point[0]:.5f}、纬度{point[1]:.5f}附近）"


def _edges(ring: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(ring, ring[1:], strict=False)


def _check_edges(rings: Sequence[Ring]) -> None:
    """Refuses rings that cross themselves or each other.

    A ring may not touch itself either; two rings may touch in single points. The edges are swept
    from west to east, so that only edges which overlap in longitude are compared.
    """
    edges = [
        (a, b, number, place, len(ring) - 1)
        for number, ring in enumerate(rings)
        for place, (a, b) in enumerate(_edges(ring))
    ]
    edges.sort(key=lambda edge: min(edge[0][0], edge[1][0]))
    active: list[_Edge] = []
    for edge in edges:
        west = min(edge[0][0], edge[1][0])
        active = [other for other in active if max(other[0][0], other[1][0]) >= west]
        for other in active:
            if _meeting(edge, other) > _allowed(edge, other):
                raise Invalid("area.self_intersection", f"边界与自己相交了{_near(edge[0])}。")
        active.append(edge)


def _allowed(one: _Edge, other: _Edge) -> int:
    """Returns how far two edges may meet: two rings, and neighbouring edges of one ring, may touch."""
    if one[2] != other[2]:
        return _TOUCHING
    apart = abs(one[3] - other[3])
    return _TOUCHING if apart in (1, one[4] - 1) else _APART


def _meeting(one: _Edge, other: _Edge) -> int:
    """Returns how two segments meet.

    `_APART`; `_TOUCHING`: in one point; `_CROSSING`: also where one lies on the other.
    """
    (a, b), (c, d) = one[:2], other[:2]
    if max(c[1], d[1]) < min(a[1], b[1]) or min(c[1], d[1]) > max(a[1], b[1]):
        return _APART
    of_c, of_d = side(*a, *b, *c), side(*a, *b, *d)
    of_a, of_b = side(*c, *d, *a), side(*c, *d, *b)
    if of_c == of_d == 0:
        first, second = sorted((sorted((a, b)), sorted((c, d))))
        if first[1] == second[0]:
            return _TOUCHING
        return _CROSSING if first[1] > second[0] else _APART
    if _opposite(of_c, of_d) and _opposite(of_a, of_b):
        return _CROSSING
    on_line = ((of_c, a, b, c), (of_d, a, b, d), (of_a, c, d, a), (of_b, c, d, b))
    touching = any(turn == 0 and _between(p, q, point) for turn, p, q, point in on_line)
    return _TOUCHING if touching else _APART


def _opposite(one: float, other: float) -> bool:
    return (one > 0 > other) or (one < 0 < other)


def _between(a: Point, b: Point, point: Point) -> bool:
    """Returns whether a point that is on the line through a and b lies between them."""
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and (
        min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
    )


def _samples(ring: Sequence[Point]) -> Iterator[Point]:
    """Yields the corners and the middles of the edges of a ring.

    For two rings that do not cross, these points tell whether one lies inside the other.
    """
    for a, b in _edges(ring):
        yield a
        yield math.fsum((a[0], b[0])) / 2, math.fsum((a[1], b[1])) / 2


def _on_border(rings: Sequence[Ring], point: Point) -> bool:
    return any(
        _between(a, b, point) and side(*a, *b, *point) == 0
        for ring in rings
        for a, b in _edges(ring)
    )


def _check_holes(part: Part) -> None:
    shell, holes = part[:1], part[1:]
    outline = Area(shell)
    for hole in holes:
        for x, y in _samples(hole):
            if not outline.contains(y, x) and not _on_border(shell, (x, y)):
                raise Invalid("area.hole_outside", f"有一个洞不在边界里面{_near((x, y))}。")
    for one, other in combinations(holes, 2):
        _check_apart([one], [other])


def _check_apart(one: Sequence[Ring], other: Sequence[Ring]) -> None:
    for rings, outlines in ((one, other), (other, one)):
        area = Area(outlines)
        for x, y in _samples(rings[0]):
            if area.contains(y, x) and not _on_border(outlines, (x, y)):
                raise Invalid("area.parts_overlap", f"边界的几个部分互相重叠{_near((x, y))}。")
