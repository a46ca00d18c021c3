"""All states × all actions: each is a row of the table, or refused by name."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete

from app.kernel.database import session
from app.kernel.errors import Conflict
from app.orders.access.policy import POLICY, WITHOUT_RULE
from app.orders.ticket.models import Order, OrderAssignee
from app.orders.ticket.states import STAFF_WORDS, TABLE, Action, OrderStatus
from tests.orders.stages import DEEDS, STAGES
from tests.world import World

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAIRS = [(status, action) for status in OrderStatus for action in Action]
# Refusals by the situation, not by the state: what is right in the state may still not be the moment.
SITUATIONS = {
    Action.DECIDE: "order.nothing_to_decide",
    Action.ANSWER: "order.nothing_asked",
    Action.NOT_COME: "order.not_appointed",
    Action.CONFIRM_NO_SHOW: "order.nothing_to_confirm",
}
# Who no longer holds it is not the handler: 403; who never had the offer is told nothing: 404.
HANDLERS = {action for action, deed in DEEDS.items() if deed.who == "member"}


@pytest.mark.parametrize(("status", "action"), PAIRS)
def test_every_pair_is_defined(status: OrderStatus, action: Action) -> None:
    """A row admits it; everything else is a Conflict that names state and action."""
    order = Order(status=status)
    if status in TABLE[action].start:
        order.check_action(action)
        return
    with pytest.raises(Conflict) as refused:
        order.check_action(action)
    assert refused.value.code == "order.action_not_allowed"
    assert STAFF_WORDS[status] in refused.value.message
    assert TABLE[action].word in refused.value.message


@pytest.mark.parametrize(("status", "action"), PAIRS)
def test_no_move_but_by_a_row(status: OrderStatus, action: Action) -> None:
    """An order goes where the row says, or stays as it was."""
    for to in OrderStatus:
        _check_move(status, action, to)


def _check_move(status: OrderStatus, action: Action, to: OrderStatus) -> None:
    order = Order(status=status)
    row = TABLE[action]
    if status in row.start and (to is status or to in row.to):
        order.move(action, to, AT)
        assert order.status is to
        return
    with pytest.raises(Conflict):
        order.move(action, to, AT)
    assert order.status is status


def test_table_and_policy_name_every_action() -> None:
    """No action without a row, none without a rule."""
    assert TABLE.keys() == set(Action)
    assert POLICY.keys() | WITHOUT_RULE == set(Action)


@pytest.mark.slow
@pytest.mark.parametrize("status", OrderStatus)
def test_every_action_over_http_in(world: World, status: OrderStatus) -> None:
    """The rightful actor succeeds where the table has a row, and hears why where it has none."""
    world.lift_caps()
    found: dict[str, tuple[int, str]] = {}
    for action, deed in DEEDS.items():
        order_id = STAGES[status](world)
        answer = world.post(deed.who, f"/orders/{order_id}/{action.value}", **deed.body(world))
        found[action.value] = (answer.status_code, (answer.json or {}).get("code", ""))
        _free(world, order_id)
    wanted = {action.value: _expected(status, action) for action in DEEDS}
    wrong = {
        name: (found[name], wanted[name]) for name in wanted if found[name] not in wanted[name]
    }
    assert not wrong


def _expected(status: OrderStatus, action: Action) -> set[tuple[int, str]]:
    allowed = status in TABLE[action].start
    if action in HANDLERS:
        if allowed and (action is Action.CLAIM or action is not Action.DECLINE):
            return {(200, "")}
        return _refused_handler(status, action)
    if allowed and action in SITUATIONS:
        return {(409, SITUATIONS[action])}
    return {(200, "")} if allowed else {(409, "order.action_not_allowed")}


def _refused_handler(status: OrderStatus, action: Action) -> set[tuple[int, str]]:
    unseen = status in {
        OrderStatus.SUBMITTED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELLED,
        OrderStatus.MERGED,
    }
    if unseen:
        return {(404, "not_found")}
    if action is Action.CLAIM and status is not OrderStatus.CLOSED:
        return {(409, "order.already_claimed")}
    return {
        (403, "order.not_allowed"),
        (409, "order.action_not_allowed"),
    }


def _free(world: World, order_id: int) -> None:
    """Ends the order, so that caps and limits do not decide the next one."""
    order = session.get_one(Order, order_id)
    order.holder_id = order.requester_id = order.placer_id = None
    session.execute(delete(OrderAssignee))
    session.commit()
