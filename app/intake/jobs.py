"""Work of the timetable; each call is one batch and may be repeated."""

from app.intake.service import exporting, uploading
from app.intake.states import BATCH, BATCH_ON_SQLITE
from app.kernel.actor import Actor
from app.kernel.database import is_sqlite


def _batch() -> int:
    return BATCH_ON_SQLITE if is_sqlite() else BATCH


def apply_imports() -> int:
    """The rows of files that staff have uploaded."""
    return uploading.apply_next(Actor.system("intake.apply_imports"), limit=_batch())


def forget_imports() -> int:
    """Rows of uploaded files whose day is over."""
    return uploading.forget_rows(Actor.system("intake.forget_imports"), limit=_batch())


def make_exports() -> int:
    """One large export, in transactions of its own."""
    return exporting.work_next(Actor.system("intake.make_exports"))


def forget_exports() -> int:
    """Exported files whose day is over."""
    return exporting.forget_exports(Actor.system("intake.forget_exports"))
