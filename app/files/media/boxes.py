"""The boxes of which MP4 files are made: four bytes of length, four of kind, then the content."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from app.files.media.refusals import broken


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its kind, and where its content begins and ends in `data`."""

    data: bytes
    kind: bytes
    start: int
    end: int

    def part(self, skip: int) -> "Box":
        """The content behind its first `skip` bytes."""
        return Box(self.data, self.kind, min(self.start + skip, self.end), self.end)


def boxes(outer: Box) -> Iterator[Box]:
    """The boxes inside; Invalid `file.broken` where one reaches beyond the outer one."""
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
    """Those inside of one kind."""
    return [box for box in boxes(outer) if box.kind == kind]


def child(outer: Box, *path: bytes) -> Box:
    """The first box at the end of the path; Invalid `file.broken` without one."""
    for kind in path:
        found = children(outer, kind)
        if not found:
            raise broken()
        outer = found[0]
    return outer


def number(box: Box, at: int, width: int = 4) -> int:
    """The unsigned number `at` bytes into the content."""
    return numbers(box, at, 1, width=width)[0]


def numbers(box: Box, at: int, count: int, *, width: int = 4) -> tuple[int, ...]:
    """`count` unsigned numbers of `width` bytes; Invalid `file.broken` where the box is short."""
    begin = box.start + at
    if begin + count * width > box.end:
        raise broken()
    letter = {1: "B", 2: "H", 4: "I", 8: "Q"}[width]
    return struct.unpack_from(f">{count}{letter}", box.data, begin)
