"""What the requester does, and neighbours and members from elsewhere."""

from app.orders.ticket.states import Action
from tests.orders.stages import claimed, closed, completed, dispatched, rejected, submitted
from tests.permissions.cases import situations as s
from tests.permissions.cases.handling import deed
from tests.permissions.runner import Call, Case, Values


def _no_words(_: Call) -> Values:
    return {}


def _words(_: Call) -> Values:
    return {"note": "我可以来帮忙。"}


CASES = (
    deed(Action.RATE, completed),
    deed(Action.REOPEN, closed),
    deed(Action.REOPEN, rejected, "rejected"),
    deed(Action.ANSWER, s.asked),
    deed(Action.CANCEL, submitted),
    deed(Action.CANCEL, claimed, "claimed"),
    deed(Action.URGE, submitted),
    deed(Action.NOT_COME, s.appointed),
    deed(Action.COMMENT, submitted),
    deed(Action.COMMENT, dispatched, "in the pool"),
    deed(Action.COMMENT, claimed, "claimed"),
    Case("orders.join", s.order_at(s.passed), _no_words),
    Case("orders.join:not public", s.order_at(s.of(s.NOT_PUBLIC)), _no_words),
    Case("orders.show:joined", s.order_at(s.joined)),
    Case("orders.still_not_solved", s.order_at(s.joined)),
    Case("orders.support", s.order_at(s.pooled(s.of(s.PUBLIC))), _words),
    Case("orders.support:not public", s.order_at(s.pooled(s.of(s.NOT_PUBLIC))), _words),
)
