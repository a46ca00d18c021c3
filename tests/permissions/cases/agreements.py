"""Who answers what somebody has asked for."""

from collections.abc import Callable

from tests.orders.stages import claimed, submitted
from tests.permissions.cases import situations as s
from tests.permissions.runner import Call, Case, Values
from tests.world import World

Arrange = Callable[[World], Values]


def _soon(**span: int) -> Callable[[World], str]:
    return lambda _: s.soon(**span)


_CANCEL = s.requested(claimed, "resident", "cancel", reason="不用了")
_TRANSFER = s.requested(
    submitted,
    "dispatcher",
    "transfer",
    unit_id=lambda world: world.other_community.id,
    reason="不在本社区",
)


def _agree(name: str, arrange: Arrange) -> Case:
    return Case(f"orders.agree:{name}", arrange, lambda _: {"note": "同意"})


def _refuse(name: str, arrange: Arrange) -> Case:
    return Case(f"orders.refuse:{name}", arrange, _reason)


def _reason(_: Call) -> Values:
    return {"reason": "不合适"}


CASES = (
    _agree("cancel", _CANCEL),
    _agree("transfer", _TRANSFER),
    _refuse("cancel", _CANCEL),
    _refuse("transfer", _TRANSFER),
    _agree(
        "extend",
        s.requested(claimed, "member", "extend", due_at=_soon(days=3), reason="等材料"),
    ),
    _agree(
        "suspend",
        s.requested(claimed, "member", "suspend", until=_soon(days=5), reason="等配件"),
    ),
    _agree(
        "support",
        s.requested(s.pooled(s.of(s.PUBLIC)), "other_member", "support", note="我会修"),
    ),
    _agree("report up", s.requested(submitted, "dispatcher", "report_up", reason="办不了")),
    _agree("close", s.requested(s.to_decide, "leader", "decide", again=False, reason="已尽力")),
)
