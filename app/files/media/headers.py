"""Reads the format and the size of a picture without decoding it."""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.files.media.refusals import broken

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A progressive picture of a camera has about ten scans. A forged one may have thousands of empty
# scans, and the decoder goes over the whole picture for each.
MOST_SCANS = 32

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
# Inside a scan 0xFF is followed by 0x00 (it stands for 0xFF itself), a restart marker or more 0xFF.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """The format of a picture ("JPEG", "PNG" or "WEBP") and its size in pixels."""

    format: str
    width: int
    height: int


def picture_header(data: bytes) -> Header | None:
    """The header of a JPEG, PNG or WebP picture; None for any other file.

    Raises Invalid `file.broken` where the picture is cut or its structure is wrong.
    """
    for signature, name, size in _FORMATS:
        if re.match(signature, data, re.DOTALL):
            try:
                width, height = size(data)
            except (IndexError, struct.error) as short:
                raise broken() from short
            if width < 1 or height < 1:
                raise broken()
            return Header(name, width, height)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height); reads all segments up to the end marker, and so finds a picture that is cut."""
    sizes: list[tuple[int, int]] = []
    scans = 0
    for marker, position in _jpeg_segments(data):
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, position + 5)
            sizes.append((width, height))
        scans += marker == _START_OF_SCAN
        if scans > MOST_SCANS or len(sizes) > 1:
            raise broken()
    return sizes[0]


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(marker, position) of each segment that has a length, up to the end marker of the picture."""
    position = 2
    while True:
        if data[position] != 0xFF:
            raise broken()
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == _END_OF_IMAGE:
            return
        elif marker in _WITHOUT_LENGTH:
            position += 2
        else:
            yield marker, position
            position = _after_segment(data, position, marker)


def _after_segment(data: bytes, position: int, marker: int) -> int:
    (length,) = struct.unpack_from(">H", data, position + 2)
    if length < 2:
        raise broken()
    position += 2 + int(length)
    if marker != _START_OF_SCAN:
        return position
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise broken()
    return found.start()


def _png_size(data: bytes) -> tuple[int, int]:
    """(width, height); reads all chunks up to IEND, and so finds a picture that is cut."""
    if data[12:16] != b"IHDR":
        raise broken()
    width, height = struct.unpack_from(">II", data, 16)
    position = len(PNG_SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if position > len(data):
            raise broken()
        if kind == b"IEND":
            return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", data, 4)
    if 8 + length > len(data):
        raise broken()
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = data[24:27] + b"\0", data[27:30] + b"\0"
        return struct.unpack("<I", width)[0] + 1, struct.unpack("<I", height)[0] + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise broken()


_FORMATS: tuple[tuple[bytes, str, Callable[[bytes], tuple[int, int]]], ...] = (
    (rb"\xff\xd8\xff", "JPEG", _jpeg_size),
    (re.escape(PNG_SIGNATURE), "PNG", _png_size),
    (rb"RIFF.{4}WEBP", "WEBP", _webp_size),
)
