"""How long offers, claims and the pool wait."""

from dataclasses import dataclass

import pytest

from app.categories.states import Urgency, accept_minutes, pool_minutes, stale_minutes


@dataclass
class Paces:
    """What a category says about it."""

    urgency: Urgency = Urgency.NORMAL
    accept_minutes: int | None = None
    stale_minutes: int | None = None
    pool_minutes: int | None = None


@pytest.mark.parametrize(
    ("urgency", "accept", "stale", "pool"),
    [
        (Urgency.EMERGENCY, 10, 30, 10),
        (Urgency.URGENT, 120, 240, 60),
        (Urgency.NORMAL, 720, 1440, 1440),
    ],
)
def test_urgency_decides_where_the_category_is_silent(
    urgency: Urgency, accept: int, stale: int, pool: int
) -> None:
    """The document's figures."""
    category = Paces(urgency)
    assert accept_minutes(category) == accept
    assert stale_minutes(category) == stale
    assert pool_minutes(category) == pool


def test_order_without_category_is_a_normal_one() -> None:
    """Unless staff have raised it."""
    assert (accept_minutes(None), stale_minutes(None), pool_minutes(None)) == (720, 1440, 1440)
    assert accept_minutes(None, Urgency.EMERGENCY) == 10


def test_own_figure_wins() -> None:
    """Also against a laxer urgency."""
    category = Paces(Urgency.URGENT, accept_minutes=500, stale_minutes=1, pool_minutes=7)
    assert accept_minutes(category) == 500
    assert accept_minutes(category, Urgency.URGENT) == 500
    assert accept_minutes(category, Urgency.NORMAL) == 500
    assert (stale_minutes(category), pool_minutes(category)) == (1, 7)


def test_raised_urgency_is_never_slower_than_its_own_figure() -> None:
    """A wish that has become an emergency does not wait three days."""
    category = Paces(Urgency.NORMAL, stale_minutes=4320)
    assert stale_minutes(category, Urgency.EMERGENCY) == 30
    assert stale_minutes(Paces(stale_minutes=5), Urgency.EMERGENCY) == 5
