"""Fixtures of the reports."""

import pytest

from tests.conftest import Clock
from tests.orders.days import Day
from tests.reports.weeks import two_weeks
from tests.world import World


@pytest.fixture
def day(clock: Clock) -> Day:
    """Stands at START."""
    return Day(clock)


@pytest.fixture
def two_weeks_of_orders(world: World, day: Day) -> dict[str, int]:
    """Orders by the letters of `weeks.two_weeks`; the clock stands two weeks after START."""
    return two_weeks(world, day)
