"""States and limits of imports, exports and banners."""

from datetime import timedelta
from enum import StrEnum


class ImportState(StrEnum):
    """Where an uploaded file stands."""

    CHECKED = "checked"
    APPLYING = "applying"
    DONE = "done"
    # What was left was given up.
    FAILED = "failed"
    # Its day was over before somebody had it entered.
    EXPIRED = "expired"


# How long the rows of an uploaded file wait to be entered, and the rejected ones to be fetched.
KEPT = timedelta(hours=24)
LARGEST_FILE = 10 * 2**20
MOST_ROWS = 20_000
MOST_WAITING = 5
SHOWN_FAULTS = 100
# Rows a transaction; one batch holds the only writer of SQLite for about a tenth of a second.
BATCH, BATCH_ON_SQLITE = 500, 100
DEFAULT_MAPPING = "ledger"
# The columns that a file of rejected rows has beside its own.
ROW_HEADING, REASON_HEADING = "行号", "原因"


class ExportTemplate(StrEnum):
    """Whose columns an exported file has: 台账, or those of the API."""

    LEDGER = "ledger"
    ORDERS = "orders"


class ExportState(StrEnum):
    """Where an export stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    # Refused when it was to be made, or given up; the owner reads which.
    FAILED = "failed"


# An export of so many rows is made at once; a larger one waits for the timetable.
AT_ONCE = 500
MOST_EXPORTED = 50_000
MOST_EXPORTS_WAITING = 3
# How long the file lies there, and what has failed is told.
EXPORT_KEPT = timedelta(hours=24)
# Whoever works on an export says so with each batch; after this silence another begins anew.
EXPORT_LEASE = timedelta(minutes=2)
# What a killed process has left on the disk, in clear.
DRAFT_KEPT = timedelta(hours=1)
# What an unmasked file shows in clear, for the audit.
OPENED_FIELDS = ("name", "phone", "address")

# A banner that nobody ends is no longer shown so long after its expected end.
BANNER_STALE = timedelta(hours=24)
