"""Random walks over all actions: nothing crashes, and `pasts` comes to the same order again."""

from collections import Counter

import pytest

from app.kernel.http import App
from app.orders.ticket.states import Action
from tests.conftest import Clock, rolled_back
from tests.pasts.replays import compared, replayed
from tests.pasts.walks import Walk
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.figures]
# What the first hundred walks need not meet: few orders come to where it may be done.
RARE = {Action.CONFIRM_NO_SHOW, Action.SUPPORT}


def test_walks(whole_app: App, peopled: World, clock: Clock, pytestconfig: pytest.Config) -> None:
    """2,000 walks with --figures, else a twentieth: each history gives its order again."""
    in_full = bool(pytestconfig.getoption("--figures"))
    done: Counter[Action] = Counter()
    for seed in range(2000 if in_full else 100):
        with rolled_back(whole_app):
            peopled.client = whole_app.test_client()
            walk = Walk(peopled, clock, seed)
            walk.go()
            done += walk.done
            assert list(differences(walk)) == [], f"walk {seed}:\n" + "\n".join(walk.lines)
    missing = {action for action in Action if not done[action]}
    assert missing <= (set() if in_full else RARE), missing


def differences(walk: Walk) -> list[str]:
    """Each column and side row in which an order differs from its replayed history."""
    erased = bool(walk.done[Action.ERASE])
    found = []
    for order_id, told in walk.told.items():
        assert told.ended is not None
        ours = compared(told.ended, erased=erased)
        again = compared(replayed(told.placed, told.acts), erased=erased)
        found += [f"order {order_id}: {line}" for line in ours.differences(again)]
    return found
