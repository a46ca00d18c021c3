"""All states × all actions: the program's table, and the program over the API, as the rows say."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from app.kernel.errors import Conflict
from app.orders.access.policy import POLICY, WITHOUT_RULE
from app.orders.ticket.models import Order
from app.orders.ticket.states import STAFF_WORDS, TABLE, Action, OrderStatus, Transition
from tests.orders.days import Day
from tests.orders.table import (
    BESIDE,
    BEYOND,
    LETTERS,
    PAGE,
    REASONS,
    ROWS,
    TO_COME,
    differences,
    moves,
    read_rows,
)
from tests.orders.trying import BY_HOLDER, BY_ITSELF, Tried, arranged, happened_by_itself, try_all
from tests.world import World

A, S = Action, OrderStatus
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)

# Refusals that say more than that the state does not admit it, by the letters of the states.
MORE_PRECISE: dict[Action, tuple[str, tuple[int, str]]] = {
    A.CLAIM: ("ciuf", (409, "order.already_claimed")),
    # Where nobody holds the order, nobody is its handler.
    **dict.fromkeys(BY_HOLDER, ("sdfxrnm", (403, "order.not_allowed"))),
}
# Ends that other circumstances bring about, in tests of their own; by the letters of the states.
ELSEWHERE = {
    # A confidential order; hands that are gone; a pause from before the start.
    A.RETURN: ("ciu", "s"),
    A.CHECK: ("f", "s"),
    A.RESUME: ("u", "c"),
    # With its parent.
    A.CANCEL: ("ciu", "n"),
    # Here a later date is agreed to, no more.
    A.AGREE: ("sdciu", "scunx"),
}
# What happens to an order in each state by itself.
HAPPENS: dict[OrderStatus, set[Action]] = {
    S.SUBMITTED: {A.ERASE, A.GATHER},
    S.DISPATCHED: {A.ERASE, A.GATHER, A.LAPSE, A.RELEASE, A.REMIND},
    S.CLAIMED: {A.ERASE, A.GATHER, A.LAPSE, A.RELEASE, A.REMIND},
    S.IN_PROGRESS: {A.ERASE, A.GATHER, A.RELEASE},
    S.SUSPENDED: {A.ERASE, A.GATHER, A.RELEASE},
    S.COMPLETED: {A.ERASE, A.REMIND, A.CLOSE_UNANSWERED},
    S.CLOSED: {A.ERASE},
    S.REJECTED: {A.ERASE},
    S.CANCELLED: {A.ERASE},
    # The same person's root ends first, so that it is submitted again by then.
    S.MERGED: set(),
}


def _states(letters: str) -> set[OrderStatus]:
    return {LETTERS[letter] for letter in letters}


def test_the_table_is_as_the_rows_say() -> None:
    """Not a state more, not a state less."""
    assert differences(TABLE) == []


def test_every_row_beside_the_page_has_its_reason() -> None:
    """And what the page has in store is not yet there."""
    assert {Action(name) for name in REASONS} == read_rows(BESIDE).keys()
    assert {Action(name) for name in BEYOND} <= read_rows(PAGE).keys()
    assert read_rows(PAGE).keys() | read_rows(BESIDE).keys() == set(Action)
    assert TO_COME.isdisjoint(Action)


def _starting(action: Action, *, more: str = "", less: str = "") -> Transition:
    row = TABLE[action]
    return replace(row, start=(row.start | _states(more)) - _states(less))


def _leading(action: Action, *, more: str = "", less: str = "") -> Transition:
    row = TABLE[action]
    return replace(row, to=(row.to | _states(more)) - _states(less))


@dataclass(frozen=True, slots=True)
class Mutation:
    """A row that is wrong, how the comparison names it, and the state in which the API shows it."""

    action: Action
    row: Transition
    named: str
    shows: OrderStatus | None = None


MUTATIONS = {
    "one joins what is done": Mutation(
        A.JOIN, _starting(A.JOIN, more="f"), "join: starts in completed", S.COMPLETED
    ),
    "what is suspended is not withdrawn": Mutation(
        A.CANCEL, _starting(A.CANCEL, less="u"), "cancel: starts in suspended", S.SUSPENDED
    ),
    "what was withdrawn comes back": Mutation(
        A.REOPEN, _starting(A.REOPEN, more="n"), "reopen: starts in cancelled", S.CANCELLED
    ),
    "given out twice": Mutation(
        A.DISPATCH, _starting(A.DISPATCH, more="d"), "dispatch: starts in dispatched", S.DISPATCHED
    ),
    "a rating gives it back to the handler": Mutation(
        A.RATE, _leading(A.RATE, more="i"), "rate: leads to in_progress"
    ),
    "done during a pause": Mutation(
        A.COMPLETE, _starting(A.COMPLETE, more="u"), "complete: starts in suspended", S.SUSPENDED
    ),
    "a rating closes nothing": Mutation(
        A.RATE, _leading(A.RATE, less="x"), "rate: leads to closed", S.COMPLETED
    ),
    "an appointment is a start": Mutation(
        A.APPOINT, _leading(A.APPOINT, more="i"), "appoint: leads to in_progress"
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mutation_is_named(name: str) -> None:
    """Each is planted alone, and it alone is found."""
    mutation = MUTATIONS[name]
    assert differences(TABLE | {mutation.action: mutation.row}) == [mutation.named]


def test_a_missing_row_is_named() -> None:
    rest = dict(TABLE)
    del rest[A.URGE]
    assert differences(rest) == ["urge: no row"]


def test_every_action_has_a_rule_or_needs_none() -> None:
    """Nobody calls what has neither."""
    assert POLICY.keys() | WITHOUT_RULE == set(Action)
    assert not POLICY.keys() & WITHOUT_RULE


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_starts_what_its_row_admits_in(status: OrderStatus) -> None:
    """Everything else is a Conflict that names state and action."""
    order = Order(status=status)
    for action in Action:
        if status in ROWS[action]:
            order.check_action(action)
            continue
        with pytest.raises(Conflict) as refused:
            order.check_action(action)
        assert refused.value.code == "order.action_not_allowed"
        assert STAFF_WORDS[status] in refused.value.message
        assert TABLE[action].word in refused.value.message


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_moves_by_a_row_alone_from(status: OrderStatus) -> None:
    """It goes where the row says, or stays as it was."""
    for action in Action:
        ends = {status, *moves(action)} if status in ROWS[action] else set()
        assert _reached(status, action) == ends, action


def _reached(status: OrderStatus, action: Action) -> set[OrderStatus]:
    found = set()
    for to in OrderStatus:
        order = Order(status=status)
        try:
            order.begin(action, AT)
            order.move(to)
        except Conflict as refused:
            assert refused.code == "order.action_not_allowed"
            assert order.status is status
        else:
            assert order.status is to
            found.add(to)
    return found


def _wrong(status: OrderStatus, action: Action, tried: Tried) -> bool:
    """Whether the API answers the action otherwise than its cell says."""
    cell = ROWS[action].get(status)
    if cell is not None:
        states, ends = ELSEWHERE.get(action, ("", ""))
        elsewhere = _states(ends) - {status} if status in _states(states) else set()
        return tried.ends != cell - elsewhere or bool(tried.refusals)
    letters, more_precise = MORE_PRECISE.get(action, ("", (0, "")))
    wanted = more_precise if status in _states(letters) else (409, "order.action_not_allowed")
    return bool(tried.ends) or tried.refusals != {wanted}


@pytest.mark.slow
@pytest.mark.parametrize("status", OrderStatus)
def test_every_action_over_the_api_in(world: World, day: Day, status: OrderStatus) -> None:
    """Somebody who may do it gets to every state of the cell, or hears that the state refuses it."""
    day.go()
    order_id = arranged(world, status)
    tried = dict(try_all(world, status, order_id))
    assert tried.keys() == set(Action) - BY_ITSELF - {A.SUBMIT}
    assert {a: t for a, t in tried.items() if _wrong(status, a, t)} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, one in MUTATIONS.items() if one.shows])
def test_each_mutation_shows_over_the_api(
    world: World, day: Day, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The walk finds it in its state, and nothing else."""
    day.go()
    mutation = MUTATIONS[name]
    status = mutation.shows
    assert status is not None
    order_id = arranged(world, status)
    monkeypatch.setitem(TABLE, mutation.action, mutation.row)
    tried = try_all(world, status, order_id)
    assert [action for action, how in tried if _wrong(status, action, how)] == [mutation.action]


@pytest.mark.slow
@pytest.mark.parametrize("status", OrderStatus)
def test_what_happens_by_itself_follows_its_row_in(
    world: World, day: Day, status: OrderStatus
) -> None:
    """Time passes, people leave, parts are settled: every step is one of a row."""
    order_id = arranged(world, status)
    seen = set()
    for event in happened_by_itself(world, day, order_id):
        assert event.from_status is not None
        assert event.to_status in ROWS[event.action][event.from_status], event.action
        if event.from_status is status:
            seen.add(event.action)
    assert seen & BY_ITSELF == HAPPENS[status] | {A.LAPSE_REQUEST}
