"""Geometry: GCJ-02, distances, exact point in polygon, and an index over many areas."""

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Generic, TypeVar

Point = tuple[float, float]
Ring = Sequence[Point]

EARTH_RADIUS = 6_371_008.8
# GCJ-02: semi-major axis and squared eccentricity of the Krasovsky 1940 ellipsoid.
_A = 6378245.0
_EE = 0.00669342162296594323
# Shewchuk's bound on the rounding error: a 2 × 2 determinant larger than this has the right sign.
_ERROR = 3.3306690738754716e-16
_THINNEST = 1e-9
_MOST_BANDS = 64
_MOST_CELLS = 128


class CoordinateSystem(StrEnum):
    """The coordinate system of a point: WGS-84 (satellites) or GCJ-02 (Chinese maps)."""

    GCJ02 = "gcj02"
    WGS84 = "wgs84"


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Returns whether the latitude is in -90…90 and the longitude in -180…180; False for NaN."""
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def is_in_china(latitude: float, longitude: float) -> bool:
    """Returns whether the point is in the rectangle in which GCJ-02 differs from WGS-84.

    All implementations of GCJ-02 use this rectangle.
    """
    return 72.004 <= longitude <= 137.8347 and 0.8293 <= latitude <= 55.8271


def to_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """Converts a point from WGS-84 to GCJ-02 and returns (latitude, longitude) in degrees.

    A point outside the rectangle of `is_in_china` comes back unchanged.
    """
    if not is_in_china(latitude, longitude):
        return latitude, longitude
    north, east = _offset(longitude - 105.0, latitude - 35.0)
    radians = latitude / 180.0 * math.pi
    magic = 1 - _EE * math.sin(radians) ** 2
    root = math.sqrt(magic)
    north = (north * 180.0) / ((_A * (1 - _EE)) / (magic * root) * math.pi)
    east = (east * 180.0) / (_A / root * math.cos(radians) * math.pi)
    return latitude + north, longitude + east


def box_around(point: Point, radius: float) -> tuple[Point, Point]:
    """Returns the south-west and the north-east corner of a square that holds the whole circle.

    `radius` is in metres; the corners are (latitude, longitude) in degrees.
    """
    latitude, longitude = point
    # A hair wider than the circle, so that rounding loses nothing.
    north = math.degrees(radius / EARTH_RADIUS) * 1.001
    east = north / max(math.cos(math.radians(latitude)), 1e-9)
    return (latitude - north, longitude - east), (latitude + north, longitude + east)


def _offset(x: float, y: float) -> tuple[float, float]:
    """Returns the offset in metres to the north and to the east.

    The point lies x degrees east of 105° E and y degrees north of 35° N.
    """
    pi, sin = math.pi, math.sin
    root = math.sqrt(abs(x))
    shared = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + shared
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + shared
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    return north, east


def in_gcj02(latitude: float, longitude: float, system: CoordinateSystem) -> tuple[float, float]:
    """Returns the point as the database keeps it: (latitude, longitude) in GCJ-02, in degrees."""
    if system is CoordinateSystem.WGS84:
        return to_gcj02(latitude, longitude)
    return latitude, longitude


def haversine(latitude: float, longitude: float, latitude2: float, longitude2: float) -> float:
    """Returns the metres along the great circle between two points in degrees, at any distance."""
    phi, phi2 = math.radians(latitude), math.radians(latitude2)
    half_phi = math.sin((phi2 - phi) / 2) ** 2
    half_lambda = math.sin(math.radians(longitude2 - longitude) / 2) ** 2
    root = math.sqrt(half_phi + math.cos(phi) * math.cos(phi2) * half_lambda)
    return 2 * EARTH_RADIUS * math.asin(min(1.0, root))


def equirectangular(
    latitude: float, longitude: float, latitude2: float, longitude2: float
) -> float:
    """Returns the metres between two points in degrees, computed on a plane.

    It is faster than `haversine` and within 0.1 % of it up to 100 km in China.
    """
    x = math.radians(longitude2 - longitude) * math.cos(math.radians((latitude + latitude2) / 2))
    return EARTH_RADIUS * math.hypot(x, math.radians(latitude2 - latitude))


def side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
    """Tells on which side of the line from a to b the point (x, y) lies.

    Returns a positive number for the left side, a negative one for the right side, and 0 exactly on
    the line. The sign is always exact: where rounding could change it, fractions are used.
    """
    left, right = (bx - ax) * (y - ay), (by - ay) * (x - ax)
    turn = left - right
    # The constant excludes numbers that are so small that their products become 0.
    if abs(turn) > _ERROR * (abs(left) + abs(right)) + 1e-290:
        return turn
    fax, fay = Fraction(ax), Fraction(ay)
    exact = (Fraction(bx) - fax) * (Fraction(y) - fay) - (Fraction(by) - fay) * (Fraction(x) - fax)
    return (exact > 0) - (exact < 0)


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box in degrees; its edges belong to it."""

    south: float
    west: float
    north: float
    east: float

    @property
    def size(self) -> float:
        """The area of the box in square degrees; smaller areas are asked before larger ones."""
        return (self.north - self.south) * (self.east - self.west)

    def contains(self, latitude: float, longitude: float) -> bool:
        """Returns whether the point is in the box or on its edge."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east

    def distance(self, latitude: float, longitude: float) -> float:
        """Returns the metres from the point to the nearest point of the box; 0 inside.

        It is measured like `Area.distance` and is never larger than the distance to an area in the
        box.
        """
        x = min(max(longitude, self.west), self.east) - longitude
        y = min(max(latitude, self.south), self.north) - latitude
        return _metres(math.hypot(x * math.cos(math.radians(latitude)), y))


def box_of(rings: Iterable[Ring]) -> Box:
    """Returns the bounding box of rings; their points are (longitude, latitude)."""
    xs, ys = zip(*(point for ring in rings for point in ring), strict=True)
    return Box(min(ys), min(xs), max(ys), max(xs))


# An edge that is not horizontal: south, north, west, east, then the longitude of its southern end and
# the longitude of its northern end.
_Edge = tuple[float, float, float, float, float, float]


class Area:
    """The points inside all rings by the even-odd rule, so holes and several parts are possible.

    A point on a border belongs to the area north or east of the border. So where areas cover the
    plane without gaps, each point belongs to exactly one of them. The edges are sorted into
    horizontal bands, and `contains` looks at one band only.
    """

    __slots__ = ("_bands", "_scale", "box", "rings")

    def __init__(self, rings: Sequence[Ring]) -> None:
        """Builds the bands.

        `rings` are closed rings of (longitude, latitude) that `areas.read_area` has checked.
        """
        self.rings = rings
        self.box = box_of(rings)
        edges = [
            (a[1], b[1], min(a[0], b[0]), max(a[0], b[0]), a[0], b[0])
            for ring in rings
            for a, b in (sorted(ends, key=_latitude) for ends in zip(ring, ring[1:], strict=False))
            if a[1] != b[1]
        ]
        count = max(1, min(_MOST_BANDS, len(edges) // 2))
        height = self.box.north - self.box.south
        self._scale = count / max(height, _THINNEST)
        self._bands: list[list[_Edge]] = [[] for _ in range(count)]
        for edge in edges:
            for band in range(self._band(edge[0]), self._band(edge[1]) + 1):
                self._bands[band].append(edge)

    def _band(self, latitude: float) -> int:
        return min(len(self._bands) - 1, int((latitude - self.box.south) * self._scale))

    def contains(self, latitude: float, longitude: float) -> bool:
        """Returns whether the point belongs to the area; for points on a border see the class."""
        if not self.box.contains(latitude, longitude):
            return False
        inside = False
        for south, north, west, east, x1, x2 in self._bands[self._band(latitude)]:
            if south <= latitude < north and longitude < east:
                inside ^= longitude < west or side(x1, south, x2, north, longitude, latitude) > 0
        return inside

    def distance(self, latitude: float, longitude: float) -> float:
        """Returns the metres from the point to the nearest point of the area; 0 inside.

        It is measured on the plane around the point.
        """
        if self.contains(latitude, longitude):
            return 0.0
        shrink = math.cos(math.radians(latitude))
        nearest = min(
            _to_origin(
                (a[0] - longitude) * shrink,
                a[1] - latitude,
                (b[0] - longitude) * shrink,
                b[1] - latitude,
            )
            for ring in self.rings
            for a, b in zip(ring, ring[1:], strict=False)
        )
        return _metres(nearest)


def _metres(degrees: float) -> float:
    return math.radians(degrees) * EARTH_RADIUS


def _latitude(point: Point) -> float:
    return point[1]


def _to_origin(ax: float, ay: float, bx: float, by: float) -> float:
    """Returns the distance from (0, 0) to the nearest point of the segment from a to b."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    along = min(1.0, max(0.0, -(ax * dx + ay * dy) / length)) if length > 0 else 0.0
    return math.hypot(ax + along * dx, ay + along * dy)


_K = TypeVar("_K", bound=Hashable)


class AreaIndex(Generic[_K]):
    """Many areas, each under a key, found through a grid over their bounding boxes.

    Where areas overlap, the earlier one in `areas` goes first.
    """

    def __init__(self, areas: Iterable[tuple[_K, Area]]) -> None:
        self.areas = list(areas)
        boxes = [area.box for _, area in self.areas]
        self.box = (
            Box(
                min(box.south for box in boxes),
                min(box.west for box in boxes),
                max(box.north for box in boxes),
                max(box.east for box in boxes),
            )
            if boxes
            else Box(0.0, 0.0, -1.0, -1.0)
        )
        self._cells = max(1, min(_MOST_CELLS, 2 * math.isqrt(len(boxes))))
        self._rows = self._cells / max(self.box.north - self.box.south, _THINNEST)
        self._columns = self._cells / max(self.box.east - self.box.west, _THINNEST)
        self._buckets: dict[tuple[int, int], list[tuple[_K, Area]]] = {}
        for entry in self.areas:
            self._enter(entry)

    def _enter(self, entry: tuple[_K, Area]) -> None:
        box = entry[1].box
        top_row, top_column = self._cell(box.north, box.east)
        row, first_column = self._cell(box.south, box.west)
        for row_number in range(row, top_row + 1):
            for column in range(first_column, top_column + 1):
                self._buckets.setdefault((row_number, column), []).append(entry)

    def _cell(self, latitude: float, longitude: float) -> tuple[int, int]:
        last = self._cells - 1
        return (
            min(last, int((latitude - self.box.south) * self._rows)),
            min(last, int((longitude - self.box.west) * self._columns)),
        )

    def find(self, latitude: float, longitude: float) -> _K | None:
        """Returns the key of the first area that holds the point, or None."""
        if not self.box.contains(latitude, longitude):
            return None
        for key, area in self._buckets.get(self._cell(latitude, longitude), ()):
            if area.contains(latitude, longitude):
                return key
        return None

    def nearest(self, latitude: float, longitude: float) -> _K | None:
        """Returns the key of the area with the least distance in metres; None where the index is empty."""
        ranked = sorted(
            (
                (area.box.distance(latitude, longitude), number)
                for number, (_, area) in enumerate(self.areas)
            )
        )
        best: tuple[float, int] | None = None
        for least, number in ranked:
            # By rounding, the distance to a box may be a little larger than to the area in it.
            if best is not None and least > best[0] * (1 + 1e-9):
                break
            found = self.areas[number][1].distance(latitude, longitude), number
            best = found if best is None else min(best, found)
        return None if best is None else self.areas[best[1]][0]
