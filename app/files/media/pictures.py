"""Cleans a picture: upright, in sRGB, of limited size, and without metadata."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from app.files.media.headers import Header
from app.files.media.refusals import broken, busy, too_many_pixels
from app.kernel.errors import Refusal

LARGEST_PICTURE = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 2560
THUMBNAIL_SIDE = 480
QUALITY = 85

# The largest picture takes most of a gigabyte while it is decoded. So one picture with more pixels
# than these is decoded at a time, and two of the smaller ones.
_LARGE = 16_000_000
_large_line = threading.BoundedSemaphore(1)
_line = threading.BoundedSemaphore(2)
_PATIENCE_SECONDS = 20

# Chosen by format and not by Pillow, so that no upload reaches another one of its many decoders.
_DECODERS: dict[str, Any] = {"JPEG": JpegImageFile, "PNG": PngImageFile, "WEBP": WebPImageFile}
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned picture as JPEG bytes in two sizes; width and height are pixels of the larger one."""

    full: bytes
    small: bytes
    width: int
    height: int


def clean_picture(data: bytes, header: Header) -> Picture:
    """Decodes a picture and encodes it anew; of an animation only the first frame is kept.

    Raises Invalid `file.too_many_pixels` before decoding, `file.broken` where the picture cannot be
    decoded to its end, and Unavailable `file.busy` after 20 seconds in the line of other pictures.
    """
    pixels = header.width * header.height
    if pixels > MOST_PIXELS:
        raise too_many_pixels()
    with _turn(pixels):
        try:
            return _clean(data, header)
        except Refusal:
            raise
        except Exception as unreadable:
            # The decoder may raise any exception for a hostile file; the answer is always the same.
            raise broken() from unreadable


@contextmanager
def _turn(pixels: int) -> Iterator[None]:
    line = _large_line if pixels > _LARGE else _line
    if not line.acquire(timeout=_PATIENCE_SECONDS):
        raise busy()
    try:
        yield
    finally:
        line.release()


def _clean(data: bytes, header: Header) -> Picture:
    with _DECODERS[header.format](BytesIO(data)) as image:
        if image.size != (header.width, header.height):
            raise broken()
        scaled = _scaled(image, LONGEST_SIDE)
        # Read after decoding, because a PNG may have its orientation behind the pixels.
        turn = _UPRIGHT.get(_orientation(scaled))
        full = _flat(scaled)
    if turn is not None:
        full = full.transpose(turn)
    small = full.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return Picture(_encoded(full), _encoded(small), full.width, full.height)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        # Some phones write EXIF data that cannot be read; the picture itself is good.
        return 1


def _scaled(image: Image.Image, side: int) -> Image.Image:
    """The decoded picture, with at most `side` pixels on its longer side.

    Where half, a quarter or an eighth of the size is enough, a JPEG is decoded at that size at once.
    """
    if not isinstance(image, JpegImageFile):
        image = _full_colour(image)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=1.0)
    image.load()
    return image


def _full_colour(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be scaled smoothly, where its own is a palette or the like."""
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 257).convert("L")
    return image.convert("RGB") if image.mode in {"1", "P"} else image


def _flat(image: Image.Image) -> Image.Image:
    """The picture in sRGB and opaque: transparent parts become white."""
    profile = image.info.get("icc_profile")
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white.convert("RGB")
    if not profile:
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        # Browsers too ignore a colour profile that does not fit the picture.
        converted = None
    return image.convert("RGB") if converted is None else converted


def _encoded(image: Image.Image) -> bytes:
    # Otherwise Pillow writes the comments of the upload into the new file.
    image.info = {}
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return out.getvalue()
