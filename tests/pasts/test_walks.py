"""Random walks over all actions: nothing crashes, and every action is done."""

from collections import Counter

import pytest

from app.kernel.http import App
from app.orders.ticket.states import Action
from tests.conftest import Clock, rolled_back
from tests.pasts.walks import Walk
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.figures]


def test_walks(whole_app: App, peopled: World, clock: Clock, pytestconfig: pytest.Config) -> None:
    """2,000 walks with --figures, else a twentieth."""
    count = 2000 if pytestconfig.getoption("--figures") else 100
    done: Counter[Action] = Counter()
    for seed in range(count):
        with rolled_back(whole_app):
            peopled.client = whole_app.test_client()
            walk = Walk(peopled, clock, seed)
            walk.go()
        done += walk.done
    print({action.value: done[action] for action in Action})
    assert not [action for action in Action if not done[action]]
