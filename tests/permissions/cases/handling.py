"""What the desk and the handler do with an order."""

from typing import Any

from app.orders.ticket.states import Action
from tests.orders.stages import (
    DEEDS,
    claimed,
    completed,
    merged,
    submitted,
    suspended,
)
from tests.permissions.cases import situations as s
from tests.permissions.runner import Call, Case, Values
from tests.world import World


def deed(action: Action, stage: s.Stage, situation: str = "") -> Case:
    """An action with its right body, upon an order at that stage."""

    def arrange(world: World) -> Values:
        return {"order_id": stage(world), "body": DEEDS[action].body(world)}

    name = f"orders.{action.value}{situation and ':'}{situation}"
    return Case(name, arrange, lambda call: call.values["body"])


def _to_grid_worker(call: Call) -> dict[str, Any]:
    return {"mode": "direct", "assignee_id": call.world.ids["grid"], "task": "看一看"}


def _supervised(_: Call) -> dict[str, Any]:
    return {"note": "请抓紧"}


CASES = (
    deed(Action.ACKNOWLEDGE, submitted),
    deed(Action.ACKNOWLEDGE, s.of(s.EMERGENCY), "confidential emergency"),
    deed(Action.SETTLE, submitted),
    deed(Action.DISPATCH, submitted),
    Case("orders.dispatch:to a person", s.order_at(submitted), _to_grid_worker),
    deed(Action.REASSIGN, claimed),
    deed(Action.RECALL, claimed),
    deed(Action.REJECT, submitted),
    deed(Action.CHECK, completed),
    deed(Action.AMEND, submitted),
    deed(Action.ASK, submitted),
    deed(Action.CHECK_CONTENT, submitted),
    deed(Action.FOLLOW_UP, completed),
    deed(Action.REPORT_UP, submitted),
    deed(Action.TRANSFER, submitted),
    deed(Action.SPLIT, submitted),
    deed(Action.MERGE, submitted),
    deed(Action.UNMERGE, merged),
    deed(Action.CONFIRM_NO_SHOW, s.not_come),
    deed(Action.PLAN, claimed),
    deed(Action.DECIDE, s.to_decide),
    Case("orders.supervise", s.order_at(submitted), _supervised),
    # Without a category that asks for skills: the skills are not to hide a wrong rule.
    deed(Action.CLAIM, s.pooled(s.uncategorised)),
    deed(Action.DECLINE, s.offered),
    deed(Action.APPOINT, claimed),
    deed(Action.START, claimed),
    deed(Action.PROGRESS, claimed),
    deed(Action.PROGRESS, s.given_to("grid"), "assigned"),
    deed(Action.PROGRESS, s.with_provider("provider"), "by a provider"),
    deed(Action.PROGRESS, s.with_provider(None), "for a provider"),
    deed(Action.RETURN, claimed),
    deed(Action.SUSPEND, claimed),
    deed(Action.RESUME, suspended),
    deed(Action.EXTEND, claimed),
    deed(Action.COMPLETE, claimed),
)
