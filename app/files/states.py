"""Kinds and states of files, and their limits."""

from datetime import timedelta
from enum import StrEnum

from app.kernel.settings import Setting


class FileKind(StrEnum):
    """What a file is, by its content."""

    PICTURE = "picture"
    VOICE = "voice"
    # Made by the program itself, never uploaded.
    DOCUMENT = "document"


class Variant(StrEnum):
    """Which of a file's stored forms."""

    FULL = "full"
    SMALL = "small"


class ContentState(StrEnum):
    """Result of the content check; it comes after placing and never undoes it."""

    PENDING = "pending"
    PASSED = "passed"
    HELD = "held"
    REFUSED = "refused"


MEGABYTE = 1024 * 1024
# The file and the multipart frame around it.
LARGEST_BODY = 12 * MEGABYTE

# How long an uploaded file may wait to be attached, and a stored one to get its row.
WAITS = timedelta(hours=24)

DAILY_BYTES = Setting(
    "files.daily_bytes",
    50 * MEGABYTE,
    int,
    "每人每天可上传的总量（字节）",
    minimum=MEGABYTE,
    maximum=1024 * MEGABYTE,
)
OPEN_FILES = Setting(
    "files.open_files", 40, int, "每人已上传、尚未使用的文件数", minimum=1, maximum=1000
)
SETTINGS: tuple[Setting, ...] = (DAILY_BYTES, OPEN_FILES)
