"""Listeners to events of the organisation."""

from app.categories.service import hand_over_categories
from app.kernel.actor import Actor
from app.organisation.events import UnitClosing


def on_unit_closing(event: UnitClosing) -> None:
    """Gives the closing unit's own categories to its successor, or retires them."""
    hand_over_categories(Actor.system("categories"), event.unit_id, event.successor_unit_id)
