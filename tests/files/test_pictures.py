"""Pictures: recognised by content, measured before decoding, upright and without metadata."""

import struct
import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms

from app.files.media import headers, pictures
from app.files.media.pictures import LARGEST_PICTURE
from app.files.reading import Content, read_content
from app.files.states import FileKind
from app.kernel.errors import Invalid, Unavailable
from tests.files import samples


def refused(data: bytes) -> str:
    """The code with which the bytes are refused."""
    with pytest.raises(Invalid) as caught:
        read_content(data)
    assert caught.value.message.endswith("。")
    assert "," not in caught.value.message
    return caught.value.code


def decoded(content: bytes) -> Image.Image:
    """A stored form, decoded."""
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


def is_upright(content: Content) -> bool:
    """Whether left is red and right is blue, as it was before the phone was turned."""
    picture = decoded(content.full)
    left = picture.getpixel((picture.width // 10, picture.height // 2))
    right = picture.getpixel((picture.width * 9 // 10, picture.height // 2))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    return left[0] > left[2] + 100 and right[2] > right[0] + 100


@pytest.mark.parametrize("make", [samples.jpeg, samples.png, samples.webp])
def test_metadata_is_gone(make: Callable[..., bytes]) -> None:
    """EXIF with its place, XMP, ICC, comments and texts stay behind, in both sizes."""
    data = make()
    assert samples.SECRET in data
    content = read_content(data)
    assert (content.kind, content.content_type) == (FileKind.PICTURE, "image/jpeg")
    for stored in (content.full, content.small):
        assert stored is not None
        assert samples.SECRET not in stored
        picture = decoded(stored)
        assert picture.format == "JPEG"
        assert not picture.getexif()
        assert set(picture.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "dpi",
            "progressive",
            "progression",
        }


def test_comment_without_a_profile_is_gone() -> None:
    """Nothing is decoded anew where the colours need no conversion; the words go all the same."""
    assert samples.SECRET not in read_content(samples.jpeg(icc_profile=None)).full


TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("make", [samples.jpeg, samples.png, samples.webp])
def test_upright(make: Callable[..., bytes], orientation: int) -> None:
    """A picture turned by the phone and marked so is turned back; the size is the upright one."""
    turn = TURNS[orientation]
    lying = samples.halves() if turn is None else samples.halves().transpose(turn)
    content = read_content(make(lying, orientation=orientation))
    assert (content.width, content.height) == (200, 100)
    assert is_upright(content)


# Pillow only warns of it.
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.filterwarnings("ignore:Possibly corrupt EXIF data")
@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_broken_exif_does_not_spoil_the_picture() -> None:
    """Phones write broken EXIF."""
    data = samples.jpeg(exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    assert is_upright(read_content(data))


def test_sizes() -> None:
    """The longest side is 2,560, the thumbnail's 480; a small picture is not blown up."""
    content = read_content(samples.jpeg(samples.halves(4000, 1000)))
    assert (content.width, content.height) == (2560, 640)
    assert decoded(content.full).size == (2560, 640)
    assert content.small is not None
    assert decoded(content.small).size == (480, 120)
    assert content.size == len(content.full) + len(content.small)
    tiny = read_content(samples.png(samples.halves(3, 1)))
    assert (tiny.width, tiny.height) == (3, 1)
    long = read_content(samples.png(samples.halves(9000, 2)))
    assert (long.width, long.height) == (2560, 1)


def test_transparency_becomes_white() -> None:
    """JPEG knows none."""
    out = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")
    assert decoded(read_content(out.getvalue()).full).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA"])
def test_modes_of_png(mode: str) -> None:
    """Palettes, bitmaps and deep greys come out in colour, as bright as they were."""
    out = BytesIO()
    white: dict[str, Any] = {
        "1": 1,
        "L": 255,
        "LA": (255, 255),
        "P": 255,
        "I;16": 65535,
        "RGBA": (255,) * 4,
    }
    grey = Image.new("P", (40, 20), 255) if mode == "P" else Image.new(mode, (40, 20), white[mode])
    if mode == "P":
        grey.putpalette([value for value in range(256) for _ in range(3)])
    grey.save(out, "PNG")
    picture = decoded(read_content(out.getvalue()).full)
    assert picture.mode == "RGB"
    assert picture.getpixel((20, 10)) == (255, 255, 255)


def test_colours_are_brought_to_srgb() -> None:
    """A profile is applied before it is dropped; one that does not fit is ignored."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert is_upright(read_content(samples.jpeg(icc_profile=lab)))
    assert is_upright(read_content(samples.jpeg(icc_profile=b"no profile at all")))
    out = BytesIO()
    samples.halves(mode="CMYK").save(out, "JPEG")
    assert is_upright(read_content(out.getvalue()))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_first_frame_of_an_animation(kind: str) -> None:
    """The others are dropped."""
    out = BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in (samples.RED, samples.BLUE)]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], lossless=True)
    pixel = decoded(read_content(out.getvalue()).full).getpixel((10, 10))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 150 > 60 > pixel[2]


@pytest.mark.parametrize(
    "make",
    [samples.png_header, samples.webp_header, samples.jpeg_header],
    ids=["png", "webp", "jpeg"],
)
def test_too_many_pixels_are_refused_unseen(
    make: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header is enough: no decoder is started."""

    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(pictures, "_DECODERS", dict.fromkeys(pictures._DECODERS, never))
    for size in ((10000, 5001), (16000, 16000)):
        assert refused(make(*size)) == "file.too_many_pixels"


@pytest.mark.slow
def test_fifty_megapixels_are_taken() -> None:
    """The limit itself is allowed."""
    out = BytesIO()
    Image.new("1", (10000, 5000)).save(out, "PNG")
    content = read_content(out.getvalue())
    assert (content.width, content.height) == (2560, 1280)


@pytest.mark.parametrize(
    "data",
    [
        samples.png_header(60000, 60000).replace(b"IDAT", b"IDAT", 1)[:40],
        samples.png_header(100, 100),
        samples.webp_header(100, 100),
        samples.jpeg_header(100, 100),
        samples.jpeg_header(0, 100),
        samples.png_header(0, 100),
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\0\0\0WEBP",
        b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0",
    ],
)
def test_empty_shells(data: bytes) -> None:
    """A header without a picture is broken."""
    assert refused(data) == "file.broken"


@pytest.mark.parametrize("make", [samples.jpeg, samples.png, samples.webp])
def test_cut_anywhere(make: Callable[..., bytes]) -> None:
    """A picture of which a piece is missing is refused wherever it was cut."""
    data = make(samples.halves(64, 64))
    for end in range(16, len(data), max(1, len(data) // 60)):
        assert refused(data[:end]) == "file.broken", end
    assert refused(data[:-1]) == "file.broken"


@pytest.mark.parametrize("make", [samples.jpeg, samples.png, samples.webp])
def test_damaged_anywhere(make: Callable[..., bytes]) -> None:
    """Whatever byte is changed, the answer is a picture or a refusal, never a crash."""
    data = make(samples.halves(64, 64))
    for at in range(0, len(data), max(1, len(data) // 150)):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        try:
            assert read_content(damaged).kind is FileKind.PICTURE
        except Invalid as refusal:
            assert refusal.code.startswith("file.")


def test_endless_scans() -> None:
    """A JPEG of thousands of empty scans would keep the decoder busy."""
    data = samples.jpeg(progressive=True)
    assert read_content(data).width == 200
    start = data.rindex(b"\xff\xda")
    bomb = data[:start] + data[start:-2] * headers.MOST_SCANS + b"\xff\xd9"
    with pytest.raises(Invalid, match=r"file\.broken"):
        headers.picture_header(bomb)


def test_two_frames_in_one_jpeg() -> None:
    """A second, larger header behind the first deceives nobody."""
    data = samples.jpeg()
    assert headers.picture_header(data) is not None
    second = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 60000, 60000, 1) + b"\x01\x11\x00"
    start = data.index(b"\xff\xda")
    with pytest.raises(Invalid, match=r"file\.broken"):
        headers.picture_header(data[:start] + second + data[start:])


def test_polyglot() -> None:
    """What is hung on behind a picture, or hidden in it, is not kept."""
    page = b"<html><script>alert(1)</script></html>"
    content = read_content(samples.jpeg(comment=page) + page + b"PK\x03\x04")
    assert b"script" not in content.full
    assert b"PK\x03\x04" not in content.full
    assert refused(page + samples.jpeg()) == "file.not_a_picture"
    assert refused(b"GIF89a" + samples.jpeg()) == "file.not_a_picture"


def test_other_kinds() -> None:
    """SVG, GIF, HEIC, AVIF, TIFF, BMP, PDF, text: by content, whatever they are called."""
    others = [
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7",
        b"\x00\x00\x00\x18ftypheic" + bytes(100),
        b"\x00\x00\x00\x18ftypavif" + bytes(100),
        b"plain words",
        b"\0" * 100,
        b"RIFF\x24\0\0\0WAVEfmt ",
    ]
    for kind in ("GIF", "TIFF", "BMP"):
        out = BytesIO()
        samples.halves().save(out, kind)
        others.append(out.getvalue())
    assert {refused(data) for data in others} == {"file.not_a_picture"}


def test_too_large() -> None:
    """Ten megabytes are taken, a byte more is not."""
    data = samples.jpeg()
    full = data + bytes(LARGEST_PICTURE - len(data))
    assert read_content(full).width == 200
    assert refused(full + b"\0") == "file.too_large"


def test_only_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long for the decoder is asked to come again."""
    monkeypatch.setattr(pictures, "_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(pictures, "_line", threading.BoundedSemaphore(1))
    with pictures._line, pytest.raises(Unavailable) as caught:
        read_content(samples.jpeg())
    assert (caught.value.code, caught.value.retry_after) == ("file.busy", 5)
    assert read_content(samples.jpeg()).width == 200


def test_repeated_upload_is_recognised() -> None:
    """The text of a content is its digest: the same for the same bytes, never the bytes."""
    one, other = read_content(samples.jpeg()), read_content(samples.png())
    assert str(one) == str(read_content(samples.jpeg())) != str(other)
    assert len(str(one)) == 64
    assert "xff" not in repr(one)
