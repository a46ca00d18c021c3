"""The states, actions and transition table of an order, its limits, and the settings of the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.deadlines.computing.states import Stage
from app.kernel.settings import Setting


class OrderStatus(StrEnum):
    """The states of an order."""

    SUBMITTED = "submitted"
    DISPATCHED = "dispatched"
    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    MERGED = "merged"


S = OrderStatus
OPEN = frozenset({S.SUBMITTED, S.DISPATCHED, S.CLAIMED, S.IN_PROGRESS, S.SUSPENDED})
ACTIVE = frozenset({S.CLAIMED, S.IN_PROGRESS})
HELD = ACTIVE | {S.SUSPENDED}
SETTLED = frozenset({S.CLOSED, S.REJECTED, S.CANCELLED})

STAFF_WORDS = {
    S.SUBMITTED: "待派单",
    S.DISPATCHED: "待接单",
    S.CLAIMED: "已接单",
    S.IN_PROGRESS: "办理中",
    S.SUSPENDED: "暂缓",
    S.COMPLETED: "待回访",
    S.CLOSED: "已办结",
    S.REJECTED: "不予受理",
    S.CANCELLED: "已撤单",
    S.MERGED: "合并办理",
}
# For residents, and for members who do not handle the order.
RESIDENT_WORDS = {
    S.SUBMITTED: "已提交，社区正在安排",
    S.DISPATCHED: "正在找人办理",
    S.CLAIMED: "已有人接单",
    S.IN_PROGRESS: "办理中",
    S.SUSPENDED: "暂缓办理",
    S.COMPLETED: "已办好，请您确认",
    S.CLOSED: "已办结",
    S.REJECTED: "不属本平台受理",
    S.CANCELLED: "已撤回",
    S.MERGED: "与别的工单一起办理",
}


class Action(StrEnum):
    """The actions on an order; each adds one row to its history."""

    SUBMIT = "submit"
    ACKNOWLEDGE = "acknowledge"
    SETTLE = "settle"
    DISPATCH = "dispatch"
    CLAIM = "claim"
    DECLINE = "decline"
    REASSIGN = "reassign"
    APPOINT = "appoint"
    START = "start"
    PROGRESS = "progress"
    LAPSE = "lapse"
    RECALL = "recall"
    RETURN = "return"
    SUSPEND = "suspend"
    RESUME = "resume"
    COMPLETE = "complete"
    CHECK = "check"
    RATE = "rate"
    FOLLOW_UP = "follow_up"
    CLOSE_UNANSWERED = "close_unanswered"
    REOPEN = "reopen"
    DECIDE = "decide"
    REPORT_UP = "report_up"
    SUPERVISE = "supervise"
    TRANSFER = "transfer"
    SPLIT = "split"
    GATHER = "gather"
    AMEND = "amend"
    ASK = "ask"
    ANSWER = "answer"
    EXTEND = "extend"
    PLAN = "plan"
    MERGE = "merge"
    UNMERGE = "unmerge"
    REJECT = "reject"
    CANCEL = "cancel"
    URGE = "urge"
    NOT_COME = "not_come"
    CONFIRM_NO_SHOW = "confirm_no_show"
    COMMENT = "comments"
    JOIN = "join"
    SUPPORT = "support"
    AGREE = "agree"
    REFUSE = "refuse"
    LAPSE_REQUEST = "lapse_request"
    REMIND = "remind"
    RELEASE = "release"
    ERASE = "erase"
    CHECK_CONTENT = "check_content"


class Beyond(StrEnum):
    """Orders that an action also reaches although its actor does not see them otherwise.

    Orders in a pool from which the actor may claim; orders that he or she may join; joined orders.
    """

    POOL = "pool"
    PUBLIC = "public"
    FOLLOWED = "followed"


@dataclass(frozen=True, slots=True)
class Transition:
    """The Chinese name of an action, and the states in which it may start and to which it may lead.

    An empty `to` means that the state stays. `meets` names the stages of deadlines that it meets,
    `beyond` the orders that it reaches beside the visible ones.
    """

    word: str
    start: frozenset[OrderStatus]
    to: frozenset[OrderStatus] = frozenset()
    meets: tuple[Stage, ...] = ()
    beyond: tuple[Beyond, ...] = ()


def _row(
    word: str,
    start: set[OrderStatus] | frozenset[OrderStatus],
    *to: OrderStatus,
    meets: Sequence[Stage] = (),
    beyond: Sequence[Beyond] = (),
) -> Transition:
    return Transition(word, frozenset(start), frozenset(to), tuple(meets), tuple(beyond))


_CLAIMED_LATER = frozenset({S.DISPATCHED}) | HELD
_EVERY = frozenset(OrderStatus)
TAKEN = (Stage.ACKNOWLEDGE, Stage.ARRANGE)
_CONTACT = (Stage.CONTACT,)
_DONE = tuple(stage for stage in Stage if stage is not Stage.ZERO)

# An action in a state that is not in its row is refused. SUBMIT starts in no state.
TABLE: dict[Action, Transition] = {
    Action.SUBMIT: _row("下单", set(), S.SUBMITTED),
    Action.ACKNOWLEDGE: _row("签收", {S.SUBMITTED, S.DISPATCHED}, meets=(Stage.ACKNOWLEDGE,)),
    Action.SETTLE: _row("当场办结", {S.SUBMITTED}, S.COMPLETED, meets=_DONE),
    Action.DISPATCH: _row("派单", {S.SUBMITTED}, S.DISPATCHED, S.CLAIMED),
    Action.CLAIM: _row("接单", {S.DISPATCHED}, S.CLAIMED, beyond=(Beyond.POOL,)),
    Action.DECLINE: _row("暂不接单", {S.DISPATCHED}, S.SUBMITTED),
    Action.REASSIGN: _row("改派", _CLAIMED_LATER, S.DISPATCHED, S.CLAIMED),
    Action.APPOINT: _row("约时间", ACTIVE, meets=_CONTACT),
    Action.START: _row("开始办理", ACTIVE, S.IN_PROGRESS, meets=_CONTACT),
    Action.PROGRESS: _row("反馈", ACTIVE, S.IN_PROGRESS, meets=(*_CONTACT, Stage.REPORT)),
    Action.LAPSE: _row("超时未接", {S.DISPATCHED, S.CLAIMED}, S.DISPATCHED, S.SUBMITTED),
    Action.RECALL: _row("收回", _CLAIMED_LATER, S.SUBMITTED),
    Action.RETURN: _row("退回", HELD, S.DISPATCHED, S.SUBMITTED),
    Action.SUSPEND: _row("暂缓", ACTIVE, S.SUSPENDED),
    Action.RESUME: _row("恢复办理", {S.SUSPENDED}, S.CLAIMED, S.IN_PROGRESS),
    Action.COMPLETE: _row("提交办结", ACTIVE, S.COMPLETED, meets=_DONE),
    Action.CHECK: _row("核查", {S.COMPLETED}, S.IN_PROGRESS, S.SUBMITTED),
    Action.RATE: _row("评价", {S.COMPLETED}, S.CLOSED, S.SUBMITTED),
    Action.FOLLOW_UP: _row("回访", {S.COMPLETED, S.CLOSED}, S.CLOSED, S.SUBMITTED),
    Action.CLOSE_UNANSWERED: _row("逾期未评", {S.COMPLETED}, S.CLOSED),
    Action.REOPEN: _row("重办", {S.CLOSED, S.REJECTED, S.MERGED}, S.SUBMITTED),
    Action.DECIDE: _row("研判", {S.SUBMITTED}),
    Action.REPORT_UP: _row("上报", {S.SUBMITTED, S.DISPATCHED} | ACTIVE),
    Action.SUPERVISE: _row("督办", OPEN),
    Action.TRANSFER: _row("转办", {S.SUBMITTED, S.DISPATCHED}),
    Action.SPLIT: _row("会办", OPEN),
    Action.GATHER: _row("会办完成", OPEN, S.COMPLETED, meets=_DONE),
    Action.AMEND: _row("更正", OPEN),
    Action.ASK: _row("请补充", {S.SUBMITTED, S.DISPATCHED}, meets=_CONTACT),
    Action.ANSWER: _row("补充说明", {S.SUBMITTED, S.DISPATCHED}),
    Action.EXTEND: _row("延期", OPEN),
    Action.PLAN: _row("立项计划", OPEN),
    Action.MERGE: _row("合并", OPEN, S.MERGED),
    Action.UNMERGE: _row("拆开", {S.MERGED}, S.SUBMITTED),
    Action.REJECT: _row("不予受理", {S.SUBMITTED}, S.REJECTED, meets=(*TAKEN, Stage.REPORT)),
    Action.CANCEL: _row("撤单", OPEN, S.CANCELLED),
    Action.URGE: _row("催单", OPEN),
    Action.NOT_COME: _row("没来", ACTIVE),
    Action.CONFIRM_NO_SHOW: _row("核实未上门", OPEN | {S.COMPLETED, S.CLOSED}),
    Action.COMMENT: _row("留言", _EVERY - {S.CANCELLED}),
    Action.JOIN: _row("附议", OPEN, beyond=(Beyond.PUBLIC, Beyond.FOLLOWED)),
    Action.SUPPORT: _row("申请支援", {S.DISPATCHED}, beyond=(Beyond.PUBLIC,)),
    Action.AGREE: _row("同意", OPEN, S.SUBMITTED, S.CLAIMED, S.SUSPENDED, S.CANCELLED, S.CLOSED),
    Action.REFUSE: _row("不同意", OPEN),
    Action.LAPSE_REQUEST: _row("申请失效", _EVERY),
    Action.REMIND: _row("提醒", _EVERY - SETTLED),
    Action.RELEASE: _row("退回接单大厅", _CLAIMED_LATER, S.DISPATCHED, S.SUBMITTED),
    Action.ERASE: _row("注销", _EVERY, S.CANCELLED),
    Action.CHECK_CONTENT: _row("内容核对", _EVERY),
}


class DispatchMode(StrEnum):
    """How an order was given out: to the pool, offered to a person (direct), or assigned."""

    POOL = "pool"
    DIRECT = "direct"
    ASSIGNED = "assigned"


class HandlerKind(StrEnum):
    """The kinds of handlers."""

    MEMBER = "member"
    VOLUNTEER = "volunteer"
    GRID = "grid"
    STAFF = "staff"
    PROVIDER = "provider"


class Source(StrEnum):
    """The ways in which an order came in."""

    MINI_PROGRAM = "mini_program"
    H5 = "h5"
    PHONE = "phone"
    WINDOW = "window"
    WECHAT_GROUP = "wechat_group"
    VISIT = "visit"
    PATROL = "patrol"
    OPEN311 = "open311"
    IMPORT = "import"
    SUPERIOR = "superior"
    HOTLINE = "12345"


class ContentState(StrEnum):
    """Whether people outside the unit's staff may see a resident's words and pictures."""

    PENDING = "pending"
    PASSED = "passed"
    HELD = "held"
    REFUSED = "refused"


class RequestKind(StrEnum):
    """The acts that need an agreement, for which a request is made."""

    SUSPEND = "suspend"
    EXTEND = "extend"
    PLAN = "plan"
    CANCEL = "cancel"
    TRANSFER = "transfer"
    REPORT_UP = "report_up"
    SUPPORT = "support"
    CLOSE = "close"


ASKED_BY = {
    RequestKind.SUSPEND: Action.SUSPEND,
    RequestKind.EXTEND: Action.EXTEND,
    RequestKind.CANCEL: Action.CANCEL,
    RequestKind.TRANSFER: Action.TRANSFER,
    RequestKind.REPORT_UP: Action.REPORT_UP,
    RequestKind.SUPPORT: Action.SUPPORT,
    RequestKind.CLOSE: Action.DECIDE,
}
BETWEEN_UNITS = frozenset({RequestKind.TRANSFER, RequestKind.REPORT_UP})


class RequestState(StrEnum):
    """The states of a request."""

    PENDING = "pending"
    AGREED = "agreed"
    REFUSED = "refused"
    LAPSED = "lapsed"


class CloseKind(StrEnum):
    """The ways in which an order was closed."""

    SOLVED = "solved"
    UNANSWERED = "unanswered"
    NOT_RECOGNISED = "not_recognised"
    BY_FOLLOW_UP = "by_follow_up"


class CallOutcome(StrEnum):
    """The outcomes of a follow-up call: 接通、未接、空号、拒访."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"


ANSWER_WITHIN = timedelta(days=7)
ASK_AGAIN_ON = (timedelta(days=1), timedelta(days=5))
REOPEN_WITHIN = timedelta(days=30)
ROUNDS_BEFORE_DECIDING = 2
UNMERGE_WITHIN = timedelta(days=30)
REQUEST_LAPSES = timedelta(hours=24)
URGE_EVERY: dict[str, timedelta] = {
    "normal": timedelta(days=1),
    "urgent": timedelta(days=1),
    "emergency": timedelta(minutes=30),
}
SUSPEND_BY_HANDLER = timedelta(days=3)
SUSPEND_LONG_TERM = timedelta(days=15)
SUSPENSIONS_A_ROUND = 2
SUSPENDED_A_ROUND = timedelta(days=30)
NO_SHOW_WINDOW = timedelta(days=60)
NO_SHOWS_ADMITTED = 1
RETURNS_ADMITTED = 2
# A code of four digits has ten thousand values, too many for five tries an hour.
VISIT_CODE_TRIES = 5
VISIT_CODE_REST = timedelta(hours=1)
CALLS_BEFORE_CLOSING = 3
CALL_DAYS_BEFORE_CLOSING = 2
PROGRESS_MIN_LENGTH = 10
BACKSTOP_AFTER = timedelta(hours=48)
ASK_UNANSWERED_AFTER = timedelta(days=1)

SETTINGS = (
    Setting("orders.open_cap", 3, int, "一名党员同时办理的工单上限", 1, 50),
    Setting("orders.daily_cap", 2, int, "一名党员每天新接的工单上限", 1, 50),
    Setting("orders.resident_daily", 5, int, "一名居民每天新下的工单上限", 1, 1000),
    Setting("orders.resident_open", 10, int, "一名居民未办结的工单上限", 1, 1000),
    Setting("orders.pages_daily", 2, int, "一名居民每天特急呼叫次数上限", 1, 20),
)
