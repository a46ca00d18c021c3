"""M4A voice notes: finds and counts the samples, and puts them into a new file (ISO 14496-12, -14)."""

from bisect import bisect_right

from app.files.media.aac import Config, read_config
from app.files.media.boxes import Box, boxes, child, children, number, numbers
from app.files.media.fragments import fragment_samples
from app.files.media.m4a_out import write_m4a
from app.files.media.refusals import broken, not_a_picture, too_long
from app.files.media.voices import MOST_SAMPLES, Voice, check_length, check_size

# Pictures that are MP4 files too (HEIC, AVIF).
_PICTURE_BRANDS = frozenset(
    {
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"mif1",
        b"mif2",
        b"msf1",
        b"avif",
        b"avis",
    }
)
# Bytes of the fields at the beginning of a sample description, up to its boxes.
_ENTRY_FIELDS = 28


def clean_m4a(data: bytes) -> Voice | None:
    """The sound of an M4A file in a new file that holds nothing else; None for any other file.

    The length is counted from the samples; the headers are not believed. Raises Invalid
    `file.not_a_picture` for a video or for sound other than AAC, `file.broken`, `file.too_large` or
    `file.too_long`.
    """
    if data[4:8] != b"ftyp" or data[8:12] in _PICTURE_BRANDS:
        return None
    moov = child(Box(data, b"", 0, len(data)), b"moov")
    track = _sound_track(moov)
    check_size(data)
    table = child(track, b"mdia", b"minf", b"stbl")
    config = _config(table)
    samples = _table_samples(table) + fragment_samples(data, moov)
    if not samples:
        raise broken()
    seconds = len(samples) * config.frame / config.rate
    check_length(seconds)
    return Voice("audio/mp4", write_m4a(config, _contents(data, samples)), seconds)


def _sound_track(moov: Box) -> Box:
    tracks = [(number(child(trak, b"mdia", b"hdlr"), 8), trak) for trak in children(moov, b"trak")]
    kinds = [kind.to_bytes(4, "big") for kind, _ in tracks]
    if b"vide" in kinds:
        raise not_a_picture()
    if kinds.count(b"soun") != 1:
        raise broken()
    return tracks[kinds.index(b"soun")][1]


def _config(table: Box) -> Config:
    description = child(table, b"stsd")
    entry = next(boxes(description.part(8)), None)
    if entry is None or entry.kind != b"mp4a" or number(entry, 8, 2) != 0:
        raise not_a_picture()
    return read_config(child(entry.part(_ENTRY_FIELDS), b"esds"))


def _table_samples(table: Box) -> list[tuple[int, int]]:
    """(offset, size) in bytes of each sample that the tables list; a fragmented file lists none."""
    sizes = _sizes(child(table, b"stsz"))
    stsc = child(table, b"stsc")
    runs = numbers(stsc, 8, 3 * number(stsc, 4))
    firsts, counts = runs[0::3], (0, *runs[1::3])
    samples: list[tuple[int, int]] = []
    for chunk, offset in enumerate(_chunks(table), start=1):
        count = counts[bisect_right(firsts, chunk)]
        for size in sizes[len(samples) : len(samples) + count]:
            samples.append((offset, size))
            offset += size
    if len(samples) != len(sizes):
        raise broken()
    return samples


def _sizes(box: Box) -> list[int]:
    same, count = number(box, 4), number(box, 8)
    if count > MOST_SAMPLES:
        raise too_long()
    return [same] * count if same else list(numbers(box, 12, count))


def _chunks(table: Box) -> tuple[int, ...]:
    for box in boxes(table):
        if box.kind == b"stco":
            return numbers(box, 8, number(box, 4))
        if box.kind == b"co64":
            return numbers(box, 8, number(box, 4), width=8)
    raise broken()


def _contents(data: bytes, samples: list[tuple[int, int]]) -> list[bytes]:
    # Where samples overlap, a small file would become a very large one.
    if sum(size for _, size in samples) > len(data) or min(samples)[0] < 0:
        raise broken()
    found = [data[offset : offset + size] for offset, size in samples]
    if any(
        len(sample) != size or not size for sample, (_, size) in zip(found, samples, strict=True)
    ):
        raise broken()
    return found
