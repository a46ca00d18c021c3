"""Stages, facts, levels of the ladder, reasons of lateness, kinds of days."""

from datetime import timedelta
from enum import StrEnum


class Stage(StrEnum):
    """What is to be done in time."""

    ACKNOWLEDGE = "acknowledge"
    ARRANGE = "arrange"
    ACCEPT = "accept"
    CONTACT = "contact"
    REPORT = "report"
    SOLVE = "solve"
    MONTHLY = "monthly"
    ZERO = "zero"


STAGE_WORDS = {
    Stage.ACKNOWLEDGE: "签收",
    Stage.ARRANGE: "安排",
    Stage.ACCEPT: "接单",
    Stage.CONTACT: "联系居民",
    Stage.REPORT: "反馈",
    Stage.SOLVE: "解决",
    Stage.MONTHLY: "每月反馈",
    Stage.ZERO: "清零",
}


class FactKind(StrEnum):
    """What a subject's history says about its stages.

    EXTENDED is another date by agreement, later or earlier; REVIVED takes a MET back; CHOSEN is
    another policy, urgency or unit for all that is open.
    """

    STARTED = "started"
    MET = "met"
    REVIVED = "revived"
    DROPPED = "dropped"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"
    CHOSEN = "chosen"


class DeadlineState(StrEnum):
    """Running, standing still, met, or not asked for any more."""

    OPEN = "open"
    PAUSED = "paused"
    MET = "met"
    DROPPED = "dropped"


class CalendarKind(StrEnum):
    """Day and night, or the unit's working hours."""

    EVERY_DAY = "every_day"
    WORKING = "working"


class DayKind(StrEnum):
    """A day that is not what its weekday says: off, or 调休 worked in exchange."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


class Level(StrEnum):
    """Who is reminded: who must act, the desk too, the unit's leader, one and two levels up."""

    HANDLER = "handler"
    DESK = "desk"
    LEADER = "leader"
    UP_1 = "up_1"
    UP_2 = "up_2"


ABOVE = frozenset({Level.UP_1, Level.UP_2})


class LateReason(StrEnum):
    """Why something was late, in words that everybody at the desk knows."""

    NOBODY = "nobody"
    NO_CONTACT = "no_contact"
    THIRD_PARTY = "third_party"
    MATERIAL = "material"
    MISDIRECTED = "misdirected"
    SHORT_HANDED = "short_handed"
    NOT_ENTERED = "not_entered"
    OTHER = "other"


LATE_WORDS = {
    LateReason.NOBODY: "无人接单",
    LateReason.NO_CONTACT: "联系不上居民",
    LateReason.THIRD_PARTY: "等第三方",
    LateReason.MATERIAL: "等材料",
    LateReason.MISDIRECTED: "派错",
    LateReason.SHORT_HANDED: "人手不足",
    LateReason.NOT_ENTERED: "已办未点",
    LateReason.OTHER: "其他",
}

MONTH = timedelta(days=30)
# A second round has half of the time to solve.
REWORK_SHARE = 2
SWEEP_BATCH, SWEEP_BATCH_ON_SQLITE = 500, 50
STRAGGLERS = timedelta(minutes=5)
