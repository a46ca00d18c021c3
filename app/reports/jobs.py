"""Bulletins for the timetable."""

from datetime import datetime

from app.kernel.actor import Actor
from app.reports.queries import bulletins as due
from app.reports.service import bulletins


def bulletin_slots(moment: datetime) -> list[str]:
    """The bulletins that are due by then."""
    return due.bulletin_slots(moment)


def make_bulletins(slot: str) -> None:
    """The bulletins of one slot; opens its own transactions."""
    bulletins.make_bulletins(Actor.system("reports.make_bulletins"), slot)
