"""An upload's bytes → what is kept of them."""

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
    """What is stored of an upload: cleaned bytes, and for a picture a thumbnail.

    `seconds` is a voice note's length, rounded, at least 1. `digest` is of the bytes as they came.
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
        """Bytes on the disk."""
        return len(self.full) + len(self.small or b"")

    def __str__(self) -> str:
        """What tells one upload from another when a request is repeated."""
        return self.digest


def read_content(data: bytes) -> Content:
    """Recognises, measures and cleans; takes a while for a large picture.

    Raises Invalid `file.not_a_picture`, `file.too_large`, `file.too_many_pixels`, `file.too_long`
    or `file.broken`.
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
