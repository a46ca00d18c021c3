"""The scheduled job of the room: bulletins."""

from datetime import datetime

from app.kernel.actor import Actor
from app.reports.queries import bulletins as due
from app.reports.service import bulletins


def bulletin_slots(moment: datetime) -> list[str]:
    """The slots of the bulletins that are due at that moment, the oldest first of each kind."""
    return due.bulletin_slots(moment)


def make_bulletins(slot: str) -> None:
    """Makes the bulletins of one slot, in transactions of its own."""
    bulletins.make_bulletins(Actor.system("reports.make_bulletins"), slot)
