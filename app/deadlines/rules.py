"""What a policy says of each stage: targets, shares, ladder; read from JSON and checked. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any

from app.deadlines.arithmetic import Length
from app.deadlines.calendars import Calendar
from app.deadlines.states import CalendarKind, Level, Stage

URGENCIES = ("normal", "urgent", "emergency")
_DAY = 24 * 60
# A working day as long as the shipped hours have it: only to compare targets with.
_WORKING_DAY = 7 * 60
_YEAR = 366


@dataclass(frozen=True, slots=True)
class Target:
    """How long, by which calendar."""

    length: Length
    calendar: CalendarKind

    @property
    def rough_minutes(self) -> int:
        """Counted minutes, to compare two targets of one calendar."""
        if self.length.minutes is not None:
            return self.length.minutes
        day = _DAY if self.calendar is CalendarKind.EVERY_DAY else _WORKING_DAY
        return day * (1 if self.length.same_day else self.length.days or 0)


@dataclass(frozen=True, slots=True)
class Night:
    """Another number of minutes for what starts between these local times."""

    since: time
    until: time
    minutes: int

    def covers(self, moment: time) -> bool:
        """Whether that local time lies in it; it may cross midnight."""
        if self.since <= self.until:
            return self.since <= moment < self.until
        return moment >= self.since or moment < self.until


@dataclass(frozen=True, slots=True)
class Step:
    """Who is reminded, and how long after it was due."""

    level: Level
    after: Target


@dataclass(frozen=True, slots=True)
class StageRule:
    """One stage of a policy; without a target it has no date."""

    stage: Stage
    targets: Mapping[str, Target]
    night: Night | None = None
    shares: tuple[int, ...] | None = None
    ladder: tuple[Step, ...] | None = None

    def target(self, urgency: str, start: datetime, calendar: Calendar) -> Target | None:
        """What holds for something that starts then."""
        target = self.targets.get(urgency) or self.targets.get("normal")
        if target is None or self.night is None or target.length.minutes is None:
            return target
        if not self.night.covers(start.astimezone(calendar.zone).time()):
            return target
        return replace(target, length=Length(minutes=self.night.minutes))


@dataclass(frozen=True, slots=True)
class Rules:
    """All stages of a policy as it holds somewhere; `versions` are the rows that it is made of."""

    versions: tuple[int, ...]
    stages: Mapping[Stage, StageRule] = field(default_factory=dict)


class BadRules(ValueError):
    """What is wrong with a policy, in Chinese."""


def read_stages(raw: Sequence[Mapping[str, Any]]) -> dict[Stage, StageRule]:
    """The stages as JSON has them; raises BadRules.

    [{"stage": "accept", "calendar": "working", "minutes": 240 (or "days": 7, "same_day": true),
      "urgent": {"calendar": "every_day", "minutes": 60}, "emergency": {…},
      "night": {"since": "22:00", "until": "06:00", "minutes": 10},
      "shares": [50, 80], "ladder": [{"level": "leader", "minutes": 240, "calendar": "working"}, …]}]
    """
    stages: dict[Stage, StageRule] = {}
    for entry in raw:
        try:
            rule = _stage(entry)
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            if isinstance(wrong, BadRules):
                raise
            raise BadRules("环节、时长或升级步骤填得不对，请检查。") from wrong
        if rule.stage in stages:
            raise BadRules("同一个环节写了两次。")
        stages[rule.stage] = rule
    if not stages:
        raise BadRules("至少要有一个环节。")
    return stages


def _stage(raw: Mapping[str, Any]) -> StageRule:
    known = {"stage", "calendar", "minutes", "days", "same_day", "night", "shares", "ladder"}
    if unknown := raw.keys() - known - set(URGENCIES[1:]):
        raise BadRules(f"不认识的项目：{'、'.join(sorted(unknown))}。")
    usual = _target(raw)
    targets = {} if usual is None else {"normal": usual}
    for urgency in URGENCIES[1:]:
        own = _target(raw[urgency]) if urgency in raw else None
        if own is not None:
            targets[urgency] = own
    ladder = None if raw.get("ladder") is None else tuple(_step(step) for step in raw["ladder"])
    if ladder is not None and len({step.level for step in ladder}) < len(ladder):
        raise BadRules("升级步骤里同一级写了两次。")
    return StageRule(
        stage=Stage(raw["stage"]),
        targets=targets,
        night=_night(raw["night"]) if raw.get("night") else None,
        shares=_shares(raw["shares"]) if "shares" in raw else None,
        ladder=ladder,
    )


def _target(raw: Mapping[str, Any]) -> Target | None:
    given = [name for name in ("minutes", "days") if raw.get(name) is not None]
    given += ["same_day"] if raw.get("same_day") else []
    if not given:
        return None
    if len(given) > 1:
        raise BadRules("时长只能填一种：分钟、天数或当天。")
    minutes, days = raw.get("minutes"), raw.get("days")
    for number, most in ((minutes, _YEAR * _DAY), (days, _YEAR)):
        if number is not None and not (type(number) is int and 0 < number <= most):
            raise BadRules("时长要是正整数，最长一年。")
    return Target(
        Length(minutes=minutes, days=days, same_day=bool(raw.get("same_day"))),
        CalendarKind(raw.get("calendar", CalendarKind.EVERY_DAY)),
    )


def _night(raw: Mapping[str, Any]) -> Night:
    minutes = raw["minutes"]
    if type(minutes) is not int or minutes <= 0:
        raise BadRules("时长要是正整数，最长一年。")
    since, until = (time.fromisoformat(raw[end]) for end in ("since", "until"))
    if since.tzinfo is not None or until.tzinfo is not None:
        raise BadRules("夜间的起止时间写成 22:00 的样子。")
    return Night(since, until, minutes)


def _shares(raw: Sequence[Any]) -> tuple[int, ...]:
    shares = tuple(raw)
    if not shares or any(type(share) is not int or not 0 < share < 100 for share in shares):
        raise BadRules("提醒比例要在 1 到 99 之间。")
    if list(shares) != sorted(set(shares)):
        raise BadRules("提醒比例要从小到大，不能重复。")
    return shares


def _step(raw: Mapping[str, Any]) -> Step:
    after = {name: raw[name] for name in ("minutes", "days") if raw.get(name)}
    target = _target({**after, "calendar": raw.get("calendar", CalendarKind.WORKING)})
    at_once = Target(Length(minutes=0), CalendarKind.EVERY_DAY)
    return Step(Level(raw["level"]), target or at_once)


def is_tighter(new: StageRule, above: StageRule) -> bool:
    """Whether a unit's rule is nowhere longer than the one above, by day and by night."""
    for urgency in URGENCIES:
        held = above.targets.get(urgency) or above.targets.get("normal")
        own = new.targets.get(urgency) or new.targets.get("normal")
        if held is None:
            continue
        if own is None or not _is_shorter(own, held):
            return False
        if not _is_shorter_at_night(new.night, own, above.night):
            return False
        if new.night is not None and new.night.minutes > held.rough_minutes and above.night is None:
            return False
    return True


def _is_shorter(own: Target, held: Target) -> bool:
    """By the same calendar, and in terms that can be compared whatever a unit's hours are."""
    if own.calendar is not held.calendar:
        return False
    if held.length.same_day:
        return own.length.same_day
    if own.calendar is CalendarKind.WORKING and not own.length.same_day:
        same_terms = (own.length.days is None) == (held.length.days is None)
        return same_terms and own.rough_minutes <= held.rough_minutes
    if own.length.same_day:
        return held.length.days is not None
    return own.rough_minutes <= held.rough_minutes


def _is_shorter_at_night(night: Night | None, own: Target, above: Night | None) -> bool:
    if above is None:
        return True
    if night is not None and (night.since, night.until) == (above.since, above.until):
        return night.minutes <= above.minutes
    # Other nights, or none: then it must hold at any hour.
    longest = own.rough_minutes if night is None else max(own.rough_minutes, night.minutes)
    return own.length.minutes is not None and longest <= above.minutes


def fold(layers: Iterable[tuple[int, Mapping[Stage, StageRule]]]) -> Rules:
    """The rules of the top and what units below have tightened, stage by stage.

    A unit's rule that is no longer tighter, since the top has become so, does not hold.
    """
    versions: list[int] = []
    stages: dict[Stage, StageRule] = {}
    for version, own in layers:
        versions.append(version)
        for stage, rule in own.items():
            if stage not in stages or is_tighter(rule, stages[stage]):
                stages[stage] = rule
    return Rules(tuple(versions), stages)
