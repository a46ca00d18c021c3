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
        except (KeyError, TypeError, ValueError) as wrong:
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
    ladder = raw.get("ladder")
    return StageRule(
        stage=Stage(raw["stage"]),
        targets=targets,
        night=_night(raw["night"]) if raw.get("night") else None,
        shares=_shares(raw["shares"]) if "shares" in raw else None,
        ladder=None if ladder is None else tuple(_step(step) for step in ladder),
    )


def _target(raw: Mapping[str, Any]) -> Target | None:
    given = [name for name in ("minutes", "days", "same_day") if raw.get(name)]
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
    return Night(time.fromisoformat(raw["since"]), time.fromisoformat(raw["until"]), minutes)


def _shares(raw: Sequence[Any]) -> tuple[int, ...]:
    shares = tuple(raw)
    if any(type(share) is not int or not 0 < share < 100 for share in shares):
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
    """Whether the targets of a unit's rule are nowhere longer than those above, by one calendar."""
    if new.night is not None and not _is_tighter_night(new.night, above):
        return False
    for urgency in URGENCIES:
        held = above.targets.get(urgency) or above.targets.get("normal")
        own = new.targets.get(urgency) or new.targets.get("normal")
        if held is None:
            continue
        if own is None or own.calendar is not held.calendar:
            return False
        if own.rough_minutes > held.rough_minutes:
            return False
    return True


def _is_tighter_night(night: Night, above: StageRule) -> bool:
    if above.night is not None:
        return night == replace(above.night, minutes=night.minutes) and (
            night.minutes <= above.night.minutes
        )
    targets = above.targets.values()
    return all(night.minutes <= target.rough_minutes for target in targets)


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
