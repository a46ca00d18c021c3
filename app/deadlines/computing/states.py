"""Enums: stages, kinds of facts, levels of the ladder, reasons of lateness, kinds of days."""

from datetime import timedelta
from enum import StrEnum


class Stage(StrEnum):
    """A part of the work on a subject that has a time limit of its own."""

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
    """What can happen to the stages of a subject.

    EXTENDED: people agreed on another date, later or earlier. REVIVED: a MET is taken back. CHOSEN:
    another policy, urgency or unit holds for the stages that still run; its details may also name
    dates that stand.
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
    """Whether a stage runs, is paused, was met, or was dropped because nobody needs it any more."""

    OPEN = "open"
    PAUSED = "paused"
    MET = "met"
    DROPPED = "dropped"


class CalendarKind(StrEnum):
    """Which time counts: day and night, or the working hours of the unit."""

    EVERY_DAY = "every_day"
    WORKING = "working"


class DayKind(StrEnum):
    """A day that differs from its weekday: a holiday, or a day off that is worked (调休)."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


class Level(StrEnum):
    """Who is reminded: the handler, then also the desk, the leader, the unit above, the next above."""

    HANDLER = "handler"
    DESK = "desk"
    LEADER = "leader"
    UP_1 = "up_1"
    UP_2 = "up_2"


ABOVE = frozenset({Level.UP_1, Level.UP_2})


class LateReason(StrEnum):
    """Why a stage was late, in words that everybody at the desk knows."""

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
# In a second round the stage `solve` has the time divided by this number.
REWORK_SHARE = 2
SWEEP_BATCH, SWEEP_BATCH_ON_SQLITE = 500, 50
# So long a transaction that began before a change may still be open.
STRAGGLERS = timedelta(minutes=5)
