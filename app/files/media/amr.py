"""AMR voice notes: a signature, then frames of 20 ms each (RFC 4867, section 5)."""

from collections.abc import Mapping

from app.files.media.refusals import broken
from app.files.media.voices import Voice, check_length, check_size

NARROW = b"#!AMR\n"
WIDE = b"#!AMR-WB\n"
FRAME_SECONDS = 0.02

# Bytes of a frame after its header byte, by frame type; the missing types are not in use.
_NARROW_SIZES = {0: 12, 1: 13, 2: 15, 3: 17, 4: 19, 5: 20, 6: 26, 7: 31, 8: 5, 15: 0}
_WIDE_SIZES = {0: 17, 1: 23, 2: 32, 3: 36, 4: 40, 5: 46, 6: 50, 7: 58, 8: 60, 9: 5, 14: 0, 15: 0}
# The first bit and the last two of a frame header are always zero.
_PADDING = 0b10000011


def clean_amr(data: bytes) -> Voice | None:
    """The sound of an AMR file, without a last frame that is cut; None for any other file.

    Raises Invalid `file.broken`, `file.too_large` or `file.too_long`.
    """
    if data.startswith(WIDE):
        return _clean(data, WIDE, _WIDE_SIZES, "audio/amr-wb")
    if data.startswith(NARROW):
        return _clean(data, NARROW, _NARROW_SIZES, "audio/amr")
    return None


def _clean(data: bytes, signature: bytes, sizes: Mapping[int, int], content_type: str) -> Voice:
    check_size(data)
    frames = 0
    end = position = len(signature)
    while position < len(data):
        header = data[position]
        size = sizes.get(header >> 3 & 0b1111)
        if size is None or header & _PADDING:
            raise broken()
        position += 1 + size
        if position <= len(data):
            frames += 1
            end = position
    if frames == 0:
        raise broken()
    seconds = frames * FRAME_SECONDS
    check_length(seconds)
    return Voice(content_type, data[:end], seconds)
