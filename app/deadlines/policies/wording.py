"""Says policies in Chinese words for the people at the desk. Pure."""

from dataclasses import dataclass

from app.deadlines.computing.ladders import Rung
from app.deadlines.computing.rules import URGENCIES, StageRule, Step, Target
from app.deadlines.computing.states import CalendarKind, Level

URGENCY_WORDS = {"normal": "一般", "urgent": "紧急", "emergency": "特急"}
LEVEL_WORDS = {
    Level.HANDLER: "经办人",
    Level.DESK: "经办人和值班人员",
    Level.LEADER: "社区负责人",
    Level.UP_1: "上一级单位",
    Level.UP_2: "上两级单位",
}
_HOUR = 60
_LAST_DAY, _SHARE = "last_day", "share_"


@dataclass(frozen=True, slots=True)
class WordedTime:
    """The target of one urgency with its text; one of minutes, days and same_day is set."""

    urgency: str
    urgency_name: str
    calendar: CalendarKind
    minutes: int | None
    days: int | None
    same_day: bool
    text: str


@dataclass(frozen=True, slots=True)
class WordedNight:
    """The minutes for stages that start at night, with their text; times are local."""

    since: str
    until: str
    minutes: int
    text: str


@dataclass(frozen=True, slots=True)
class WordedStep:
    """A step of a ladder with its text."""

    level: Level
    level_name: str
    calendar: CalendarKind
    minutes: int | None
    days: int | None
    text: str


def times_of(rule: StageRule) -> list[WordedTime]:
    """The targets of a rule that are set, by urgency."""
    return [
        _time(urgency, rule.targets[urgency]) for urgency in URGENCIES if urgency in rule.targets
    ]


def night_of(rule: StageRule) -> WordedNight | None:
    """The night of a rule; None without one."""
    night = rule.night
    if night is None:
        return None
    since, until = (clock.strftime("%H:%M") for clock in (night.since, night.until))
    text = f"{since}至{until}开始的，{_minute_words(night.minutes)}"
    return WordedNight(since, until, night.minutes, text)


def steps_of(rule: StageRule) -> list[WordedStep] | None:
    """The steps of the rule's own ladder; None if the usual ladder holds."""
    return None if rule.ladder is None else [_step(step) for step in rule.ladder]


def rung_words(rung: Rung) -> str:
    """The text of a step whose moment is known."""
    who = LEVEL_WORDS[rung.level]
    if rung.name == _LAST_DAY:
        return f"到期前最后一个工作日，提醒{who}"
    if rung.name.startswith(_SHARE):
        return f"时间用去{rung.name.removeprefix(_SHARE)}%，提醒{who}"
    return f"到期没有办完，通知{who}"


def target_words(target: Target) -> str:
    """The text of a target, for example 24小时, 7个工作日, 工作时间4小时 or 当天."""
    length, working = target.length, target.calendar is CalendarKind.WORKING
    if length.same_day:
        return "当天下班前" if working else "当天"
    if length.days is not None:
        return f"{length.days}个工作日" if working else f"{length.days}天"
    minutes = _minute_words(length.minutes or 0)
    return f"工作时间{minutes}" if working else minutes


def _time(urgency: str, target: Target) -> WordedTime:
    length, name = target.length, URGENCY_WORDS[urgency]
    return WordedTime(
        urgency,
        name,
        target.calendar,
        length.minutes,
        length.days,
        length.same_day,
        target_words(target),
    )


def _step(step: Step) -> WordedStep:
    length, name = step.after.length, LEVEL_WORDS[step.level]
    return WordedStep(
        step.level, name, step.after.calendar, length.minutes, length.days, _step_words(step)
    )


def _minute_words(minutes: int) -> str:
    """The text of a number of minutes, for example 1小时30分钟."""
    hours, rest = divmod(minutes, _HOUR)
    if not hours:
        return f"{rest}分钟"
    return f"{hours}小时{rest}分钟" if rest else f"{hours}小时"


def _step_words(step: Step) -> str:
    when = "到期时" if step.after.length.minutes == 0 else f"到期后{target_words(step.after)}"
    return f"{when}，通知{LEVEL_WORDS[step.level]}"
