"""MP3 voice notes: counts the frames, and leaves out all tags (ISO 11172-3, 13818-3)."""

from dataclasses import dataclass

from app.files.media.refusals import broken
from app.files.media.voices import Voice, check_length, check_size

_VERSION_1 = 3
_RESERVED_VERSION = 1
_LAYER_3 = 1
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KILOBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KILOBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MONO = 3
# The length of the side information, by (is MPEG version 1, is mono).
_SIDE_BYTES = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}
_ID3_HEADER = 10
# The tags that may follow the last frame: ID3v1, APEv2, Lyrics3, ID3v2. Zeros may follow too.
_TAIL_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")


@dataclass(frozen=True, slots=True)
class _Frame:
    version: int
    rate: int
    length: int
    mono: bool

    @property
    def samples(self) -> int:
        return 1152 if self.version == _VERSION_1 else 576


def clean_mp3(data: bytes) -> Voice | None:
    """The frames of an MP3 file, without a last frame that is cut; None for any other file.

    Raises Invalid `file.broken`, `file.too_large` or `file.too_long`.
    """
    start = _after_tags(data)
    first = _frame_at(data, start)
    if first is None or _frame_at(data, start + first.length) is None:
        if data.startswith(b"ID3"):
            raise broken()
        return None
    check_size(data)
    frames, end = _walk(data, start, first)
    if _is_index(data, start, first):
        frames -= 1
    seconds = frames * first.samples / first.rate
    check_length(seconds)
    return Voice("audio/mpeg", data[start:end], seconds)


def _after_tags(data: bytes) -> int:
    """The position where the frames begin: after all ID3v2 tags and the zeros that follow them."""
    position = 0
    while data[position : position + 3] == b"ID3" and len(data) >= position + _ID3_HEADER:
        flags = data[position + 5]
        size = 0
        for byte in data[position + 6 : position + _ID3_HEADER]:
            size = size << 7 | byte & 0x7F
        footer = _ID3_HEADER if flags & 0x10 else 0
        position += _ID3_HEADER + size + footer
    if position == 0:
        return 0
    return len(data) - len(data[position:].lstrip(b"\0"))


def _frame_at(data: bytes, position: int) -> _Frame | None:
    """The frame at `position`; None where there is none, or one of a free bit rate."""
    header = int.from_bytes(data[position : position + 4], "big")
    version, layer = header >> 19 & 3, header >> 17 & 3
    kilobits, rate = header >> 12 & 15, header >> 10 & 3
    if header >> 21 != 0x7FF or version == _RESERVED_VERSION or layer != _LAYER_3:
        return None
    if kilobits in {0, 15} or rate == 3:
        return None
    hertz = _RATES[version][rate]
    table, factor = (_KILOBITS_1, 144) if version == _VERSION_1 else (_KILOBITS_2, 72)
    length = factor * table[kilobits - 1] * 1000 // hertz + (header >> 9 & 1)
    return _Frame(version, hertz, length, header >> 6 & 3 == _MONO)


def _walk(data: bytes, position: int, first: _Frame) -> tuple[int, int]:
    """The number of whole frames from `position` on, and the position where the last one ends.

    Raises Invalid `file.broken` where a frame differs from the first in version or rate, or where
    something other than tags and zeros follows the last one.
    """
    frames = 0
    while (frame := _frame_at(data, position)) is not None:
        if (frame.version, frame.rate) != (first.version, first.rate):
            raise broken()
        if position + frame.length > len(data):
            return frames, position
        frames += 1
        position += frame.length
    tail = data[position:]
    if not tail.startswith(_TAIL_TAGS) and tail.strip(b"\0"):
        raise broken()
    return frames, position


def _is_index(data: bytes, start: int, frame: _Frame) -> bool:
    """Whether the first frame holds no sound but the index of a file with a variable bit rate."""
    at = start + 4 + _SIDE_BYTES[frame.version == _VERSION_1, frame.mono]
    return data[at : at + 4] in {b"Xing", b"Info"} or data[start + 36 : start + 40] == b"VBRI"
