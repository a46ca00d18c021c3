"""A cleaned voice note, and the limits that hold for all of its formats."""

from dataclasses import dataclass

from app.files.media.refusals import VOICE_TOO_LARGE, too_large, too_long

LARGEST_VOICE = 2 * 1024 * 1024
LONGEST_SECONDS = 60
# In seconds. A recorder that stops at 60 seconds still writes its last frames.
_GRACE = 0.5
# AAC has at most 100 packets a second: 96,000 samples in packets of 960.
MOST_SAMPLES = int((LONGEST_SECONDS + _GRACE) * 100)


@dataclass(frozen=True, slots=True)
class Voice:
    """A cleaned voice note: a file with nothing but the sound, and its length in seconds."""

    content_type: str
    full: bytes
    seconds: float


def check_length(seconds: float) -> None:
    """Raises Invalid `file.too_long` for more than a minute and half a second."""
    if seconds > LONGEST_SECONDS + _GRACE:
        raise too_long()


def check_size(data: bytes) -> None:
    """Raises Invalid `file.too_large` for more than two megabytes."""
    if len(data) > LARGEST_VOICE:
        raise too_large(VOICE_TOO_LARGE)
