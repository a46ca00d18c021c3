"""Writes an M4A file that holds AAC samples and nothing else (ISO 14496-12, -14)."""

import struct

from app.files.media.aac import Config

_UNITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4


def write_m4a(config: Config, samples: list[bytes]) -> bytes:
    """The bytes of an M4A file with these AAC samples.

    The index stands in front of the samples, so that a player can begin before it has read them all.
    """
    head = _box(b"ftyp", b"M4A \0\0\0\0M4A mp42isom")
    length = len(head) + len(_moov(config, samples, 0))
    return head + _moov(config, samples, length + 8) + _box(b"mdat", *samples)


def _box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full(kind: bytes, *contents: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *contents)


def _moov(config: Config, samples: list[bytes], offset: int) -> bytes:
    duration = len(samples) * config.frame
    return _box(
        b"moov",
        _full(
            b"mvhd",
            struct.pack(">4I", 0, 0, config.rate, duration),
            struct.pack(">IHH8x", 0x10000, 0x100, 0),
            _UNITY,
            struct.pack(">24xI", 2),
        ),
        _box(
            b"trak",
            _full(
                b"tkhd",
                struct.pack(">5I", 0, 0, 1, 0, duration),
                struct.pack(">8xHHHH", 0, 0, 0x100, 0),
                _UNITY,
                bytes(8),
                flags=7,
            ),
            _mdia(config, samples, offset),
        ),
    )


def _mdia(config: Config, samples: list[bytes], offset: int) -> bytes:
    duration = len(samples) * config.frame
    return _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">4IHH", 0, 0, config.rate, duration, _UNDETERMINED, 0)),
        _full(b"hdlr", struct.pack(">I4s13x", 0, b"soun")),
        _box(
            b"minf",
            _full(b"smhd", bytes(4)),
            _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))),
            _stbl(config, samples, offset),
        ),
    )


def _stbl(config: Config, samples: list[bytes], offset: int) -> bytes:
    count = len(samples)
    sizes = [len(sample) for sample in samples]
    return _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _mp4a(config)),
        _full(b"stts", struct.pack(">3I", 1, count, config.frame)),
        _full(b"stsc", struct.pack(">4I", 1, 1, count, 1)),
        _full(b"stsz", struct.pack(f">2I{count}I", 0, count, *sizes)),
        _full(b"stco", struct.pack(">2I", 1, offset)),
    )


def _mp4a(config: Config) -> bytes:
    # The field has 16 bits; for a higher rate it is 0, and players read the rate in the configuration.
    rate = config.rate if config.rate < 1 << 16 else 0
    fields = struct.pack(">6xH8xHHHHI", 1, config.channels, 16, 0, 0, rate << 16)
    return _box(b"mp4a", fields, _full(b"esds", _stream(config)))


def _stream(config: Config) -> bytes:
    specific = _descriptor(5, config.raw)
    decoder = _descriptor(4, struct.pack(">BBxHII", 0x40, 0x15, 0, 0, 0), specific)
    return _descriptor(3, struct.pack(">HB", 0, 0), decoder, _descriptor(6, b"\x02"))


def _descriptor(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">BB", tag, len(content)) + content
