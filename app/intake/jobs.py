"""The scheduled jobs of the room; one call does one batch, and a second call does no harm."""

from app.intake.service import exporting, uploading
from app.intake.states import BATCH, BATCH_ON_SQLITE
from app.kernel.actor import Actor
from app.kernel.database import is_sqlite


def _batch() -> int:
    return BATCH_ON_SQLITE if is_sqlite() else BATCH


def apply_imports() -> int:
    """Enters the next batch of rows of uploaded files; returns how many rows."""
    return uploading.apply_next(Actor.system("intake.apply_imports"), limit=_batch())


def forget_imports() -> int:
    """Deletes a batch of rows of uploaded files that were kept for 24 hours; returns how many."""
    return uploading.forget_rows(Actor.system("intake.forget_imports"), limit=_batch())


def make_exports() -> int:
    """Makes the next large export, in transactions of its own; returns how many rows it has."""
    return exporting.work_next(Actor.system("intake.make_exports"))


def forget_exports() -> int:
    """Deletes exported files that were kept for 24 hours; returns how many."""
    return exporting.forget_exports(Actor.system("intake.forget_exports"))
