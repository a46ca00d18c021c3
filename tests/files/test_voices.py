"""Voice notes: recognised and measured by content, and nothing kept but the sound."""

import struct
from collections.abc import Callable

import pytest

from app.files.media.boxes import Box, boxes, child
from app.files.media.voices import LARGEST_VOICE
from app.files.reading import read_content
from app.files.states import FileKind
from app.kernel.errors import Invalid
from tests.files import samples


def refused(data: bytes) -> str:
    """The code with which the bytes are refused."""
    with pytest.raises(Invalid) as caught:
        read_content(data)
    return caught.value.code


def narrow(seconds: float) -> bytes:
    """AMR."""
    return samples.amr(seconds)


def wide(seconds: float) -> bytes:
    """AMR-WB."""
    return samples.amr(seconds, wide=True)


KINDS = [
    (narrow, "audio/amr"),
    (wide, "audio/amr-wb"),
    (samples.mp3, "audio/mpeg"),
    (samples.m4a, "audio/mp4"),
    (samples.fragmented_m4a, "audio/mp4"),
]


@pytest.mark.parametrize(("make", "content_type"), KINDS)
def test_length(make: Callable[..., bytes], content_type: str) -> None:
    """Seconds are counted from the sound; up to a minute is taken, more is not."""
    for seconds, heard in ((1, 1), (12.4, 12), (60, 60)):
        content = read_content(make(seconds))
        assert (content.kind, content.content_type) == (FileKind.VOICE, content_type)
        assert content.seconds == heard
        assert content.small is None
        assert content.width is None
    assert refused(make(61.5)) == "file.too_long"


@pytest.mark.parametrize(("make", "content_type"), KINDS)
def test_cleaning_twice_changes_nothing(make: Callable[..., bytes], content_type: str) -> None:
    """What is kept is itself a sound file of the same kind and length."""
    once = read_content(make(5.12))
    twice = read_content(once.full)
    assert (twice.full, twice.content_type) == (once.full, content_type)
    assert twice.seconds == once.seconds


@pytest.mark.parametrize(("make", "content_type"), KINDS)
def test_damaged_or_cut_anywhere(make: Callable[..., bytes], content_type: str) -> None:
    """Whatever is changed or missing, the answer is a voice or a refusal, never a crash."""
    data = make(1.5)
    for at in range(min(len(data), 1500)):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        for attempt in (damaged, data[:at]):
            try:
                assert read_content(attempt).kind is FileKind.VOICE
            except Invalid as refusal:
                assert refusal.code.startswith("file.")


def test_too_large() -> None:
    """Two megabytes, whatever they hold."""
    for head in (samples.mp3(1), samples.amr(1), samples.m4a(1)):
        assert refused(head + bytes(LARGEST_VOICE)) == "file.too_large"
    assert read_content(samples.mp3(1) + bytes(10000)).seconds == 1


def test_mp3_tags_are_left_out() -> None:
    """ID3 in front and behind, APE, Lyrics3; only frames remain."""
    frames = samples.mp3(5)
    for data in (
        samples.id3v2() + frames + samples.id3v1(),
        samples.id3v2() + samples.id3v2() + bytes(300) + frames,
        frames + b"APETAGEX" + samples.SECRET,
        frames + b"LYRICSBEGIN" + samples.SECRET,
        frames + samples.id3v2(),
    ):
        content = read_content(data)
        assert content.full == frames
        assert content.seconds == 5


def test_mp3_with_footer() -> None:
    """A tag with a footer is ten bytes longer."""
    tag = bytearray(samples.id3v2())
    tag[5] = 0x10
    frames = samples.mp3(2)
    assert read_content(bytes(tag) + b"3DI" + bytes(7) + frames).full == frames


def test_mp3_index_is_no_sound() -> None:
    """The index of a variable bit rate is kept for the players, and not counted."""
    with_index, without = samples.mp3(0.5, index=True), samples.mp3(0.5)
    assert len(with_index) == len(without) + 72
    assert read_content(samples.mp3(60.48, index=True)).seconds == 60
    assert read_content(with_index).full == with_index


def test_mp3_lies() -> None:
    """Junk between frames, another rate, a tag without sound."""
    frames = samples.mp3(1)
    assert refused(frames + b"junk" + frames) == "file.broken"
    assert refused(frames + b"\xff\xf3\x24\xc0" + bytes(200)) == "file.broken"
    assert refused(samples.id3v2() + b"no sound") == "file.broken"
    assert refused(samples.id3v2()) == "file.broken"
    assert read_content(frames + b"\xff\xf3\x28\xc0cut").full == frames


def test_sound_of_other_kinds() -> None:
    """ADTS, WAV, Ogg, Matroska."""
    for data in (b"\xff\xf1\x50\x80" * 50, b"OggS" + bytes(50), b"\x1aE\xdf\xa3" + bytes(50)):
        assert refused(data) == "file.not_a_picture"


def test_amr_frames_are_checked() -> None:
    """A reserved type or padding that is not zero is no AMR; a cut last frame is left out."""
    whole = samples.amr(1)
    assert refused(b"#!AMR\n") == "file.broken"
    assert refused(whole + b"\x5c") == "file.broken"
    assert refused(whole + b"\x3d" + bytes(31)) == "file.broken"
    assert refused(b"#!AMR\n<script>") == "file.broken"
    assert read_content(whole + b"\x3c" + bytes(10)).full == whole
    # Silence is sent as frames of one byte.
    assert read_content(b"#!AMR\n" + b"\x7c" * 100).seconds == 2
    assert refused(b"#!AMR\n" + b"\x7c" * 4000) == "file.too_long"


def test_m4a_is_written_anew() -> None:
    """Names, places, dates and bytes that no table lists are gone; the sound is the same."""
    data = samples.m4a(5)
    assert data.count(samples.SECRET) == 5
    for content in (read_content(data), read_content(samples.fragmented_m4a(5.12))):
        assert samples.SECRET not in content.full
        assert content.full.endswith(samples.PACKET * content.full.count(samples.PACKET))
        file = Box(content.full, b"", 0, len(content.full))
        assert [box.kind for box in boxes(file)] == [b"ftyp", b"moov", b"mdat"]
        moov = child(file, b"moov")
        assert [box.kind for box in boxes(moov)] == [b"mvhd", b"trak"]
        created = content.full[moov.start + 12 : moov.start + 20]
        assert created == bytes(8)


def test_m4a_length_is_counted() -> None:
    """The sample's header says one second; what counts is the sound."""
    assert read_content(samples.m4a(30)).seconds == 30
    assert refused(samples.m4a(90)) == "file.too_long"


def test_m4a_of_chunks() -> None:
    """Samples in chunks of any length are put together in their order."""
    for chunk in (1, 7, 1000):
        data = samples.m4a(5, chunk=chunk)
        assert read_content(data).full == read_content(samples.m4a(5)).full


def test_m4a_with_other_contents() -> None:
    """A film, another codec, other sound in the same codec."""
    assert refused(samples.m4a(5, handler=b"vide")) == "file.not_a_picture"
    assert refused(samples.m4a(5, codec=b"alac")) == "file.not_a_picture"
    assert refused(samples.m4a(5, config=samples.esds(kind=0x6B))) == "file.not_a_picture"
    assert refused(samples.m4a(5, config=samples.esds(b"\x0c\x08"))) == "file.not_a_picture"
    assert refused(samples.m4a(5, handler=b"text")) == "file.broken"
    assert refused(samples.m4a(5, brand=b"heic")) == "file.not_a_picture"
    assert refused(samples.m4a(5, config=samples.box(b"free"))) == "file.broken"


def test_m4a_high_efficiency() -> None:
    """The rate that counts is the core's, written first."""
    # Kind 5, core 16 kHz, mono, output 32 kHz, then kind 2.
    config = int("00101100000010101000100000000000", 2).to_bytes(4, "big")
    assert read_content(samples.m4a(12, config=samples.esds(config))).seconds == 12


def test_m4a_tables_that_lie() -> None:
    """Counts and places beyond the file, endless counts, samples laid over each other."""
    data = samples.m4a(5)
    stsz = data.index(b"stsz")
    for count in (79, 2**31, 2**32 - 1, 0):
        lying = data[: stsz + 12] + struct.pack(">I", count) + data[stsz + 16 :]
        assert refused(lying) in {"file.broken", "file.too_long"}
    same = data[: stsz + 8] + struct.pack(">II", 10**6, 78) + data[stsz + 16 :]
    assert refused(same) == "file.broken"
    long = samples.m4a(30, chunk=1)
    stsz, stco = long.index(b"stsz"), long.index(b"stco")
    count = int.from_bytes(long[stsz + 12 : stsz + 16], "big")
    laid_over = bytearray(long)
    laid_over[stsz + 8 : stsz + 12] = struct.pack(">I", 1000)
    laid_over[stco + 12 : stco + 12 + 4 * count] = bytes(4 * count)
    assert refused(bytes(laid_over)) == "file.broken"
    stco = data.index(b"stco")
    beyond = data[: stco + 12] + struct.pack(">I", 2**31) + data[stco + 16 :]
    assert refused(beyond) == "file.broken"


def test_fragments_that_lie() -> None:
    """Endless runs and places before the file."""
    data = samples.fragmented_m4a(5.12)
    trun = data.index(b"trun")
    endless = data[: trun + 4] + struct.pack(">II", 1, 2**32 - 1) + data[trun + 12 :]
    assert refused(endless) == "file.too_long"
    moof = data.index(b"moof") - 4
    for offset in (-5000, -moof - 100):
        before = data[: trun + 12] + struct.pack(">i", offset) + data[trun + 16 :]
        assert refused(before) == "file.broken"
    empty = data[: trun + 4] + struct.pack(">II", 1, 8) + data[trun + 12 :]
    assert refused(empty) == "file.broken"
