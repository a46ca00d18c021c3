"""Functions of the timetable; each call does one batch and may be repeated."""

from app.kernel.actor import Actor
from app.people import service

# People in a batch: they and the orders that they hold stay locked until the batch is done.
_BATCH = 50


def end_expired_roles() -> int:
    """Ends the roles whose last day has come, of at most 50 people; returns how many roles ended."""
    return service.end_expired_grants(Actor.system("people.end_expired_roles"), _BATCH)


def leave_closed_units() -> int:
    """Moves at most 50 people out of closed units; returns how many were moved."""
    return service.leave_closed_units(Actor.system("people.leave_closed_units"), _BATCH)
