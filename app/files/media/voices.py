"""What all voice notes share: their kinds, their length, and what is left when they are cleaned."""

from dataclasses import dataclass

from app.files.media.refusals import VOICE_TOO_LARGE, too_large, too_long

LARGEST_VOICE = 2 * 1024 * 1024
LONGEST_SECONDS = 60
# A recorder that stops itself after 60 s still writes out its last frames.
_GRACE = 0.5
# No AAC plays more packets a second: 96,000 samples in packets of 960.
MOST_SAMPLES = int((LONGEST_SECONDS + _GRACE) * 100)


@dataclass(frozen=True, slots=True)
class Voice:
    """Only the sound, and how long it plays."""

    content_type: str
    full: bytes
    seconds: float


def check_length(seconds: float) -> None:
    """Raises Invalid `file.too_long` over a minute."""
    if seconds > LONGEST_SECONDS + _GRACE:
        raise too_long()


def check_size(data: bytes) -> None:
    """Raises Invalid `file.too_large` over two megabytes."""
    if len(data) > LARGEST_VOICE:
        raise too_large(VOICE_TOO_LARGE)
