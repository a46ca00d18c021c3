"""What happens to deadlines when something happens to units."""

from app.deadlines.service.moving import follow_unit
from app.organisation.events import UnitMoved


def on_unit_moved(event: UnitMoved) -> None:
    """Deadlines stay with their unit wherever it stands."""
    follow_unit(event.old_path, event.new_path)
