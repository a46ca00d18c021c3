"""Kinds and states of files, and the limits on uploads."""

from datetime import timedelta
from enum import StrEnum

from app.kernel.settings import Setting


class FileKind(StrEnum):
    """The kind of a file, decided by its content."""

    PICTURE = "picture"
    VOICE = "voice"
    # The program makes documents; nobody uploads one.
    DOCUMENT = "document"


class Variant(StrEnum):
    """The stored forms of a file; only pictures have a small one."""

    FULL = "full"
    SMALL = "small"


class ContentState(StrEnum):
    """The result of the content check. The check comes after the order is placed and never undoes it."""

    PENDING = "pending"
    PASSED = "passed"
    HELD = "held"
    REFUSED = "refused"


MEGABYTE = 1024 * 1024
# In bytes: the largest file, and the multipart form around it.
LARGEST_BODY = 12 * MEGABYTE

# How long an upload may stay loose, and stored bytes without a row, before a job deletes them.
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
