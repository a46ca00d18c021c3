"""Work of the timetable; each call is one batch and may be repeated."""

from app.kernel.actor import Actor
from app.people import service

# All are locked until the batch is done, with the orders they hold.
_BATCH = 50


def end_expired_roles() -> int:
    """Roles whose last day has come; answers how many ended."""
    return service.end_expired_grants(Actor.system("people.end_expired_roles"), _BATCH)


def leave_closed_units() -> int:
    """People of closed units; answers how many were moved."""
    return service.leave_closed_units(Actor.system("people.leave_closed_units"), _BATCH)
