"""The timetable's functions; each does one batch, and is called until 0 comes."""

from app.files import service


def remove_orphans() -> int:
    """Files that nothing has taken for a day, and bytes without a row; hourly is enough."""
    return service.remove_loose() + service.remove_strays()


def work_off_removals() -> int:
    """The bytes of deleted files; every few minutes."""
    return service.work_off_removals()
