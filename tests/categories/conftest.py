"""The shipped tree in a small district, behind the API."""

import pytest

from app.categories.service import seed_categories
from app.kernel.actor import Actor
from tests.notifications.conftest import bare_door, door
from tests.people.conftest import Town, heard, town

__all__ = ["bare_door", "door", "heard", "town"]

SYSTEM = Actor.system("tests")


@pytest.fixture
def seeded(town: Town) -> Town:
    """The district, with all that ships."""
    seed_categories(SYSTEM)
    return town
