"""States and limits of imports, exports and banners."""

from datetime import timedelta
from enum import StrEnum


class ImportState(StrEnum):
    """The state of an uploaded file."""

    CHECKED = "checked"
    APPLYING = "applying"
    DONE = "done"
    # What was left was given up.
    FAILED = "failed"
    # The 24 hours ended before a person asked to enter the rows.
    EXPIRED = "expired"


# How long the rows of an uploaded file are kept: to be entered, and the rejected ones to be fetched.
KEPT = timedelta(hours=24)
LARGEST_FILE = 10 * 2**20
MOST_ROWS = 20_000
MOST_WAITING = 5
SHOWN_FAULTS = 100
# Rows in one transaction; on SQLite a batch blocks all other writers for about 0.1 second.
BATCH, BATCH_ON_SQLITE = 500, 100
DEFAULT_MAPPING = "ledger"
# The two columns that a file of rejected rows has after the columns of the uploaded file.
ROW_HEADING, REASON_HEADING = "行号", "原因"


class ExportTemplate(StrEnum):
    """The columns of an exported file: those of the ledger (台账) or those of the API."""

    LEDGER = "ledger"
    ORDERS = "orders"


class ExportState(StrEnum):
    """The state of an export."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    # Refused when it was to be made, or given up; the owner reads which.
    FAILED = "failed"


# An export of at most so many rows is made in the request; a larger one is made by a job.
AT_ONCE = 500
MOST_EXPORTED = 50_000
MOST_EXPORTS_WAITING = 3
# How long a file can be fetched, and how long a failed export is shown.
EXPORT_KEPT = timedelta(hours=24)
# A job renews its lease with each batch; when the lease ends another process begins the file again.
EXPORT_LEASE = timedelta(minutes=2)
# What a killed process has left on the disk, in clear.
DRAFT_KEPT = timedelta(hours=1)
# The fields that an unmasked file shows in clear; the audit row names them.
OPENED_FIELDS = ("name", "phone", "address")

# A banner that is not ended by a person is hidden so long after its expected end.
BANNER_STALE = timedelta(hours=24)
