"""Turns the bytes of an upload into the content that is kept of it."""

import hashlib
from dataclasses import dataclass, field

from app.files.media.amr import clean_amr
from app.files.media.headers import Header, picture_header
from app.files.media.m4a import clean_m4a
from app.files.media.mp3 import clean_mp3
from app.files.media.pictures import LARGEST_PICTURE, clean_picture
from app.files.media.refusals import (
    PICTURE_TOO_LARGE,
    not_a_picture,
    too_large,
)
from app.files.media.voices import Voice
from app.files.states import FileKind


@dataclass(frozen=True, slots=True)
class Content:
    """The part of an upload that is stored: cleaned bytes, and for a picture a thumbnail (`small`).

    `width` and `height` are in pixels. `seconds` is the length of a voice note, rounded, at least 1.
    `digest` is the SHA-256 of the bytes as they were uploaded.
    """

    kind: FileKind
    content_type: str
    digest: str
    full: bytes = field(repr=False)
    small: bytes | None = field(default=None, repr=False)
    width: int | None = None
    height: int | None = None
    seconds: int | None = None

    @property
    def size(self) -> int:
        """The number of bytes that are stored, of all forms together."""
        return len(self.full) + len(self.small or b"")

    def __str__(self) -> str:
        """The digest: a repeated request is recognised by it."""
        return self.digest


def read_content(data: bytes) -> Content:
    """Recognises a picture or voice note by its bytes, checks its limits, and cleans it.

    A large picture takes seconds. Raises Invalid `file.not_a_picture`, `file.too_large`,
    `file.too_many_pixels`, `file.too_long` or `file.broken`, and Unavailable `file.busy` while too
    many pictures are being decoded.
    """
    if len(data) > LARGEST_PICTURE:
        raise too_large(PICTURE_TOO_LARGE)
    digest = hashlib.sha256(data).hexdigest()
    header = picture_header(data)
    if header is not None:
        return _picture(data, header, digest)
    for clean in (clean_amr, clean_m4a, clean_mp3):
        voice = clean(data)
        if voice is not None:
            return _voice(voice, digest)
    raise not_a_picture()


def _picture(data: bytes, header: Header, digest: str) -> Content:
    picture = clean_picture(data, header)
    return Content(
        FileKind.PICTURE,
        "image/jpeg",
        digest,
        picture.full,
        picture.small,
        picture.width,
        picture.height,
    )


def _voice(voice: Voice, digest: str) -> Content:
    seconds = max(1, round(voice.seconds))
    return Content(FileKind.VOICE, voice.content_type, digest, voice.full, seconds=seconds)
