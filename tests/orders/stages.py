"""Orders brought to each state through the API, and a valid body with a rightful actor for each action."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.kernel.clock import now
from app.orders.ticket.states import Action, OrderStatus
from tests.world import World

S = OrderStatus


def submitted(world: World) -> int:
    """Placed by the resident in a category of public places."""
    return int(world.order(category_id=world.categories["四害消杀"])["id"])


def dispatched(world: World) -> int:
    """In the pool."""
    order_id = submitted(world)
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    return order_id


def claimed(world: World) -> int:
    """Held by the member."""
    order_id = dispatched(world)
    world.act("member", order_id, "claim")
    return order_id


def in_progress(world: World) -> int:
    """Begun."""
    order_id = claimed(world)
    world.act("member", order_id, "start")
    return order_id


def suspended(world: World) -> int:
    """Waiting for two days."""
    order_id = in_progress(world)
    until = (now() + timedelta(days=2)).isoformat()
    world.act("member", order_id, "suspend", reason="等配件到货", until=until)
    return order_id


def completed(world: World) -> int:
    """Done, as the member says."""
    order_id = in_progress(world)
    world.act("member", order_id, "complete", note="换了新灯管，已经亮了。")
    return order_id


def closed(world: World) -> int:
    """Solved, as the resident says."""
    order_id = completed(world)
    world.act("resident", order_id, "rate", solved=True)
    return order_id


def rejected(world: World) -> int:
    """Not for this platform."""
    order_id = submitted(world)
    world.act("dispatcher", order_id, "reject", reason="不属于社区管理", note="请拨打供电公司热线")
    return order_id


def cancelled(world: World) -> int:
    """Withdrawn."""
    order_id = submitted(world)
    world.act("resident", order_id, "cancel", reason="自己修好了")
    return order_id


def merged(world: World) -> int:
    """Handled with another."""
    root, order_id = submitted(world), submitted(world)
    world.act("dispatcher", order_id, "merge", into_id=root)
    return order_id


STAGES: dict[OrderStatus, Callable[[World], int]] = {
    S.SUBMITTED: submitted,
    S.DISPATCHED: dispatched,
    S.CLAIMED: claimed,
    S.IN_PROGRESS: in_progress,
    S.SUSPENDED: suspended,
    S.COMPLETED: completed,
    S.CLOSED: closed,
    S.REJECTED: rejected,
    S.CANCELLED: cancelled,
    S.MERGED: merged,
}


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does it, with which body."""

    who: str
    body: Callable[[World], dict[str, Any]]


def _soon(hours: int = 3) -> str:
    return (now() + timedelta(hours=hours)).isoformat()


def _plain(**body: Any) -> Callable[[World], dict[str, Any]]:
    return lambda _: dict(body)


NOTE = "已经和居民联系过，明天上门。"

# The rightful actor of each action that has a path, with a body that is right in every state.
DEEDS: dict[Action, Deed] = {
    Action.ACKNOWLEDGE: Deed("duty", _plain()),
    Action.SETTLE: Deed("dispatcher", _plain(note=NOTE)),
    Action.DISPATCH: Deed("dispatcher", _plain(mode="pool")),
    Action.CLAIM: Deed("member", _plain()),
    Action.DECLINE: Deed("member", _plain(reason="这两天不在家")),
    Action.REASSIGN: Deed(
        "dispatcher",
        lambda world: {"reason": "换人", "mode": "direct", "assignee_id": world.ids["grid"]},
    ),
    Action.APPOINT: Deed("member", lambda _: {"at": _soon()}),
    Action.START: Deed("member", _plain()),
    Action.PROGRESS: Deed("member", _plain(note=NOTE)),
    Action.RECALL: Deed("dispatcher", _plain(reason="重新安排")),
    Action.RETURN: Deed("member", _plain(reason="家里有急事")),
    Action.SUSPEND: Deed("member", lambda _: {"reason": "等配件", "until": _soon(24)}),
    Action.RESUME: Deed("member", _plain()),
    Action.COMPLETE: Deed("member", _plain(note=NOTE)),
    Action.CHECK: Deed("dispatcher", _plain(passed=True)),
    Action.RATE: Deed("resident", _plain(solved=True)),
    Action.FOLLOW_UP: Deed("dispatcher", _plain(outcome="reached", solved=True)),
    Action.REOPEN: Deed("resident", _plain(reason="又坏了")),
    Action.DECIDE: Deed("leader", _plain(again=True, reason="再派一次")),
    Action.REPORT_UP: Deed("dispatcher", _plain(reason="超出社区能力")),
    Action.SUPERVISE: Deed("street", _plain(note="请抓紧")),
    Action.TRANSFER: Deed(
        "dispatcher",
        lambda world: {"unit_id": world.other_community.id, "reason": "不在本社区"},
    ),
    Action.SPLIT: Deed(
        "dispatcher",
        lambda world: {"parts": [{"unit_id": world.other_community.id, "task": "配合检查"}]},
    ),
    Action.AMEND: Deed("dispatcher", _plain(reason="更急了", urgency="urgent")),
    Action.ASK: Deed("dispatcher", _plain(note="请问是哪一层？")),
    Action.ANSWER: Deed("resident", _plain(note="三楼。")),
    Action.EXTEND: Deed("dispatcher", lambda _: {"due_at": _soon(96), "reason": "等材料"}),
    Action.PLAN: Deed("dispatcher", lambda _: {"due_at": _soon(24 * 60), "note": NOTE}),
    Action.MERGE: Deed("dispatcher", lambda world: {"into_id": submitted(world)}),
    Action.UNMERGE: Deed("dispatcher", _plain(reason="不是同一件事")),
    Action.REJECT: Deed("dispatcher", _plain(reason="不属于社区", note="请找供电公司")),
    Action.CANCEL: Deed("resident", _plain(reason="不用了")),
    Action.URGE: Deed("resident", _plain()),
    Action.NOT_COME: Deed("resident", _plain()),
    Action.CONFIRM_NO_SHOW: Deed("dispatcher", _plain(confirmed=True, note="双方都问过")),
    Action.COMMENT: Deed("dispatcher", _plain(note="请留意。")),
    Action.CHECK_CONTENT: Deed("dispatcher", _plain(state="passed")),
}
