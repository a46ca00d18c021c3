"""Fixtures of the orders."""

import pytest

from tests.conftest import Clock
from tests.orders.days import Day


@pytest.fixture
def day(clock: Clock) -> Day:
    """Stands at START."""
    return Day(clock)
