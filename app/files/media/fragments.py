"""Finds the samples of fragmented M4A files, which browsers record (ISO 14496-12, 8.8)."""

from app.files.media.boxes import Box, boxes, child, children, number
from app.files.media.refusals import broken, too_long
from app.files.media.voices import MOST_SAMPLES

_BASE_GIVEN = 0x000001
_TFHD_SIZE = 0x000010
# The optional fields before the default size in the header of a fragment: (flag, bytes).
_TFHD_BEFORE_SIZE = ((0x000001, 8), (0x000002, 4), (0x000008, 4))
_TRUN_OFFSET = 0x000001
_TRUN_FIRST_FLAGS = 0x000004
_TRUN_SIZE = 0x000200
# The flags of the fields of a sample, in the order of the fields; each field has four bytes.
_TRUN_FIELDS = (0x000100, 0x000200, 0x000400, 0x000800)


def fragment_samples(data: bytes, moov: Box) -> list[tuple[int, int]]:
    """(offset, size) in bytes of each sample of all fragments; empty for a file without fragments.

    `moov` is the index of the file, with one track of sound. Raises Invalid `file.too_long` where the
    samples play longer than a voice note may, and `file.broken`.
    """
    default = _default_size(moov)
    samples: list[tuple[int, int]] = []
    position = 0
    for box in boxes(Box(data, b"", 0, len(data))):
        if box.kind == b"moof":
            for traf in children(box, b"traf"):
                samples += _of_track(traf, position, default)
                if len(samples) > MOST_SAMPLES:
                    raise too_long()
        position = box.end
    return samples


def _default_size(moov: Box) -> int:
    extends = children(moov, b"mvex")
    return number(child(extends[0], b"trex"), 16) if extends else 0


def _of_track(traf: Box, base: int, default: int) -> list[tuple[int, int]]:
    header = child(traf, b"tfhd")
    flags = number(header, 0)
    if flags & _BASE_GIVEN:
        base = number(header, 8, 8)
    if flags & _TFHD_SIZE:
        at = 8 + sum(size for flag, size in _TFHD_BEFORE_SIZE if flags & flag)
        default = number(header, at)
    samples: list[tuple[int, int]] = []
    offset = base
    for run in children(traf, b"trun"):
        if number(run, 0) & _TRUN_OFFSET:
            offset = base + _signed(number(run, 8))
        for size in _run_sizes(run, default):
            samples.append((offset, size))
            offset += size
        if len(samples) > MOST_SAMPLES:
            raise too_long()
    return samples


def _run_sizes(run: Box, default: int) -> list[int]:
    flags, count = number(run, 0), number(run, 4)
    at = 8 + 4 * bool(flags & _TRUN_OFFSET) + 4 * bool(flags & _TRUN_FIRST_FLAGS)
    if count > MOST_SAMPLES:
        raise too_long()
    if not flags & _TRUN_SIZE:
        return [default] * count
    fields = [flag for flag in _TRUN_FIELDS if flags & flag]
    step, place = 4 * len(fields), 4 * fields.index(_TRUN_SIZE)
    if run.start + at + step * count > run.end:
        raise broken()
    return [number(run, at + step * index + place) for index in range(count)]


def _signed(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value
