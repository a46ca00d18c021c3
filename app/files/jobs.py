"""The jobs of files. Each call does one batch; the timetable calls again until the answer is 0."""

from app.files import service


def remove_orphans() -> int:
    """Deletes uploads that nobody used for a day, and stored bytes without a row; answers how many.

    Once an hour is enough.
    """
    return service.remove_loose() + service.remove_strays()


def work_off_removals() -> int:
    """Deletes the stored bytes of deleted files; answers how many files are gone for good.

    Runs every few minutes.
    """
    return service.work_off_removals()
