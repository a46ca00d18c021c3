"""What happens to categories when something happens below."""

from app.categories.service import hand_over_categories
from app.kernel.actor import Actor
from app.organisation.events import UnitClosing


def on_unit_closing(event: UnitClosing) -> None:
    """A closing unit's own categories go to its successor, or are retired."""
    hand_over_categories(Actor.system("categories"), event.unit_id, event.successor_unit_id)
