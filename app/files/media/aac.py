"""Reads from an M4A file how its AAC sound is to be decoded (ISO 14496-1, -3)."""

from dataclasses import dataclass

from app.files.media.boxes import Box, number
from app.files.media.refusals import broken, not_a_picture

_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_STREAM, _DECODER, _SPECIFIC = 3, 4, 5
_MPEG4_AUDIO = 0x40
_LOW_COMPLEXITY = 2
# High-efficiency AAC: the configuration of low-complexity AAC follows behind an extension.
_EXTENDED = frozenset({5, 29})
_LONGEST = 64
_MOST_CHANNELS = 7


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of an AAC decoder: its bytes in the file (`raw`), and the values in them.

    `rate` is in samples per second; `frame` is the number of samples that one packet plays.
    """

    raw: bytes
    rate: int
    channels: int
    frame: int


class _Bits:
    """Reads numbers of a given count of bits, one after the other."""

    def __init__(self, raw: bytes) -> None:
        self.value = int.from_bytes(raw, "big")
        self.left = 8 * len(raw)

    def take(self, count: int) -> int:
        self.left -= count
        if self.left < 0:
            raise broken()
        return self.value >> self.left & ((1 << count) - 1)


def read_config(esds: Box) -> Config:
    """The configuration in an `esds` box.

    Raises Invalid `file.not_a_picture` for sound other than low-complexity or high-efficiency AAC,
    and `file.broken`.
    """
    stream = _descriptor(esds.part(4), _STREAM)
    if number(stream, 2, 1) & 0b11100000:
        raise broken()
    decoder = _descriptor(stream.part(3), _DECODER)
    if number(decoder, 0, 1) != _MPEG4_AUDIO:
        raise not_a_picture()
    specific = _descriptor(decoder.part(13), _SPECIFIC)
    raw = specific.data[specific.start : specific.end]
    if len(raw) > _LONGEST:
        raise broken()
    return _parsed(raw)


def _descriptor(outer: Box, tag: int) -> Box:
    """The content of the descriptor at the beginning of `outer`, as a box.

    A descriptor is a tag, a length of one to four bytes, and the content. Raises Invalid
    `file.broken` for another tag, or where the content does not fit in.
    """
    if number(outer, 0, 1) != tag:
        raise broken()
    length = 0
    for at in range(1, 5):
        byte = number(outer, at, 1)
        length = length << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    start = outer.start + at + 1
    if start + length > outer.end:
        raise broken()
    return Box(outer.data, outer.kind, start, start + length)


def _parsed(raw: bytes) -> Config:
    bits = _Bits(raw)
    kind = bits.take(5)
    rate = _rate(bits)
    channels = bits.take(4)
    if kind in _EXTENDED:
        _rate(bits)
        kind = bits.take(5)
    if kind != _LOW_COMPLEXITY:
        raise not_a_picture()
    if not 1 <= channels <= _MOST_CHANNELS:
        raise broken()
    return Config(raw, rate, channels, 960 if bits.take(1) else 1024)


def _rate(bits: _Bits) -> int:
    index = bits.take(4)
    rate = bits.take(24) if index == 15 else dict(enumerate(_RATES)).get(index, 0)
    if not _RATES[-1] <= rate <= _RATES[0]:
        raise broken()
    return rate
