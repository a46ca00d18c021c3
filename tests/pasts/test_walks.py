"""Random walks over all actions: nothing crashes, and `pasts` comes to the same orders again."""

from collections import Counter

import pytest

from app.kernel.http import App
from app.orders.ticket.states import Action
from tests.conftest import Clock, rolled_back
from tests.pasts.replays import compared, replayed
from tests.pasts.state import State
from tests.pasts.walks import Walk
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.figures]
WALKS, TWENTIETH = 2000, 100
# Done in most of the twentieths, and not in every one.
SELDOM = {
    *(Action.CONFIRM_NO_SHOW, Action.CLOSE_UNANSWERED, Action.GATHER, Action.SUPPORT),
    *(Action.UNMERGE, Action.DECIDE),
}


def test_walks(
    whole_app: App, peopled: World, clock: Clock, database: str, pytestconfig: pytest.Config
) -> None:
    """All of them with --figures on SQLite; else, and on PostgreSQL, a twentieth."""
    in_full = pytestconfig.getoption("--figures") and database == "sqlite"
    done: Counter[Action] = Counter()
    for seed in range(WALKS if in_full else TWENTIETH):
        with rolled_back(whole_app):
            peopled.client = whole_app.test_client()
            walk = Walk(peopled, clock, seed)
            walk.go()
            done += walk.done
            assert differences(walk) == [], f"walk {seed}:\n" + "\n".join(walk.lines)
    print({action.value: done[action] for action in Action})  # noqa: T201  # the figures, with -s
    never = {action for action in Action if not done[action]}
    assert never <= (set() if in_full else SELDOM)


def differences(walk: Walk) -> list[str]:
    """Each column and side row in which an order differs from its replayed history."""
    found = []
    for order_id, told in walk.told.items():
        assert told.ended is not None
        ours = compared(told.ended, erased=walk.erased)
        again = compared(replayed(told.placed, told.acts), erased=walk.erased)
        found += [f"order {order_id}: {line}" for line in ours.differences(again)]
    return found


def test_a_difference_is_named() -> None:
    """A column, a row that is missing, a row too many and a row twice; ids and heads are nothing."""
    row = {"id": 1, "order_id": 7, "state": "pending"}
    state = State({"id": 7, "head": "a", "round": 1}, {"order_requests": [row]})
    same = State({"id": 7, "head": "b", "round": 1}, {"order_requests": [row | {"id": 2}]})
    assert state.differences(same) == []
    other = State(
        {"id": 7, "head": "a", "round": 2}, {"order_requests": [row | {"state": "agreed"}]}
    )
    assert state.differences(other) == [
        "round: 1 and 2",
        "only here: order_requests {'order_id': 7, 'state': 'pending'}",
        "only there: order_requests {'order_id': 7, 'state': 'agreed'}",
    ]
    twice = State(state.columns, {"order_requests": [row, row | {"id": 2}]})
    assert state.differences(twice) == [
        "only there: order_requests {'order_id': 7, 'state': 'pending'}"
    ]
