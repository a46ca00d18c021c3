"""Reads the boxes of an MP4 file: four bytes of length, four bytes of kind, then the content."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from app.files.media.refusals import broken


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its kind, and the positions in `data` where its content begins and ends."""

    data: bytes
    kind: bytes
    start: int
    end: int

    def part(self, skip: int) -> "Box":
        """The content of this box without its first `skip` bytes, as a box."""
        return Box(self.data, self.kind, min(self.start + skip, self.end), self.end)


def boxes(outer: Box) -> Iterator[Box]:
    """The boxes inside a box; raises Invalid `file.broken` where one is longer than the outer box."""
    position = outer.start
    while position + 8 <= outer.end:
        size, kind = struct.unpack_from(">I4s", outer.data, position)
        start = position + 8
        if size == 1 and start + 8 <= outer.end:
            (size,) = struct.unpack_from(">Q", outer.data, start)
            start += 8
        end = outer.end if size == 0 else position + size
        if end < start or end > outer.end:
            raise broken()
        yield Box(outer.data, kind, start, end)
        position = end


def children(outer: Box, kind: bytes) -> list[Box]:
    """The boxes of one kind inside a box."""
    return [box for box in boxes(outer) if box.kind == kind]


def child(outer: Box, *path: bytes) -> Box:
    """The box that a path of kinds leads to, the first one at each step.

    Raises Invalid `file.broken` where a step finds no box.
    """
    for kind in path:
        found = children(outer, kind)
        if not found:
            raise broken()
        outer = found[0]
    return outer


def number(box: Box, at: int, width: int = 4) -> int:
    """The unsigned number of `width` bytes that stands `at` bytes into the content of a box.

    Raises Invalid `file.broken` where the box is too short.
    """
    return numbers(box, at, 1, width=width)[0]


def numbers(box: Box, at: int, count: int, *, width: int = 4) -> tuple[int, ...]:
    """`count` unsigned numbers of `width` bytes each, from `at` bytes into the content of a box.

    Raises Invalid `file.broken` where the box is too short.
    """
    begin = box.start + at
    if begin + count * width > box.end:
        raise broken()
    letter = {1: "B", 2: "H", 4: "I", 8: "Q"}[width]
    return struct.unpack_from(f">{count}{letter}", box.data, begin)
