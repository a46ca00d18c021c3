"""Measures how much faster the index finds the area of a point than a scan of all polygons.

`python -m bench.locate` draws 300 star-shaped polygons of 60 points on an uneven lattice. It looks for
the same random points by the index, by a plain scan, and by a scan that compares bounding boxes first,
in turns, and prints the medians and their ratios.
"""

import math
import time
from collections.abc import Callable
from random import Random
from statistics import median

from app.organisation.geometry import Area, AreaIndex, Point

AREAS = 300
POINTS = 60
ASKED = 500
ROUNDS = 5
SPACING = 0.01


def _star(dice: Random, x: float, y: float) -> list[Point]:
    """A star-shaped closed ring around a centre."""
    ring = [
        (
            x + SPACING * dice.uniform(0.3, 0.55) * math.cos(turn),
            y + SPACING * dice.uniform(0.3, 0.55) * math.sin(turn),
        )
        for turn in (2 * math.pi * number / POINTS for number in range(POINTS))
    ]
    return [*ring, ring[0]]


def _scan(rings: list[list[Point]], latitude: float, longitude: float) -> int | None:
    """The plain way: looks at every edge of every polygon until a polygon holds the point."""
    for number, ring in enumerate(rings):
        inside = False
        for (x1, y1), (x2, y2) in zip(ring, ring[1:], strict=False):
            if (y1 > latitude) != (y2 > latitude) and longitude < (x2 - x1) * (latitude - y1) / (
                y2 - y1
            ) + x1:
                inside = not inside
        if inside:
            return number
    return None


def _seconds(ask: Callable[[float, float], object], points: list[Point]) -> float:
    started = time.perf_counter()
    for longitude, latitude in points:
        ask(latitude, longitude)
    return (time.perf_counter() - started) / len(points)


def _scan_boxes(areas: list[Area], latitude: float, longitude: float) -> int | None:
    """The same scan with the program's own polygons, which compare their bounding boxes first."""
    for number, area in enumerate(areas):
        if area.contains(latitude, longitude):
            return number
    return None


def measure(asked: int = ASKED, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """The median seconds for a point: by the index, by the scan, and by the scan of boxes.

    Raises AssertionError if the three ways find different areas.
    """
    dice = Random(2026)
    columns = math.isqrt(AREAS - 1) + 1
    rings = [
        _star(dice, 120 + SPACING * (number % columns), 30 + SPACING * (number // columns))
        for number in range(AREAS)
    ]
    areas = [Area([ring]) for ring in rings]
    index = AreaIndex(enumerate(areas))
    box = index.box
    points = [
        (dice.uniform(box.west, box.east), dice.uniform(box.south, box.north)) for _ in range(asked)
    ]
    ways: list[Callable[[float, float], int | None]] = [
        index.find,
        lambda latitude, longitude: _scan(rings, latitude, longitude),
        lambda latitude, longitude: _scan_boxes(areas, latitude, longitude),
    ]
    for longitude, latitude in points:
        if len({way(latitude, longitude) for way in ways}) > 1:
            raise AssertionError(f"the ways disagree at {latitude}, {longitude}")
    taken: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        for way, seconds in zip(ways, taken, strict=True):
            seconds.append(_seconds(way, points))
    by_index, by_scan, by_boxes = (median(seconds) for seconds in taken)
    return by_index, by_scan, by_boxes


if __name__ == "__main__":
    by_index, by_scan, by_boxes = measure()
    print(f"{AREAS} polygons of {POINTS} points, {ASKED} random points, median of {ROUNDS} rounds")
    print(f"index {by_index * 1e6:.2f} µs")
    print(f"plain scan {by_scan * 1e6:.0f} µs: {by_scan / by_index:.0f} × the index")
    print(f"scan of boxes {by_boxes * 1e6:.0f} µs: {by_boxes / by_index:.0f} × the index")
