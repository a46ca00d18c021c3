"""The rules of a policy for each stage: targets, shares, ladder; read from JSON, checked. Pure."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any

from app.deadlines.computing.arithmetic import Length
from app.deadlines.computing.calendar import Calendar
from app.deadlines.computing.states import CalendarKind, Level, Stage

URGENCIES = ("normal", "urgent", "emergency")
_DAY = 24 * 60
# Minutes of a working day by the shipped hours; only used to compare two targets.
_WORKING_DAY = 7 * 60
_YEAR = 366
_TARGET = frozenset({"calendar", "minutes", "days", "same_day"})


@dataclass(frozen=True, slots=True)
class Target:
    """How long a stage may take, and by which calendar."""

    length: Length
    calendar: CalendarKind

    @property
    def rough_minutes(self) -> int:
        """The target in counted minutes, to compare two targets of the same calendar."""
        if self.length.minutes is not None:
            return self.length.minutes
        day = _DAY if self.calendar is CalendarKind.EVERY_DAY else _WORKING_DAY
        return day * (1 if self.length.same_day else self.length.days or 0)

    def is_within(self, other: "Target") -> bool:
        """Whether this target is never longer than the other one.

        A target of the same day may leave only minutes, so nothing else is surely within it.
        """
        if self.calendar is not other.calendar or other.length.same_day > self.length.same_day:
            return False
        # Each unit has its own hours, so a number of days does not compare with minutes.
        by_hours = self.calendar is CalendarKind.WORKING
        if by_hours and (self.length.minutes is None) != (other.length.minutes is None):
            return False
        return self.rough_minutes <= other.rough_minutes


@dataclass(frozen=True, slots=True)
class Night:
    """Another number of minutes for a stage that starts between two local times."""

    since: time
    until: time
    minutes: int

    def covers(self, moment: time) -> bool:
        """Whether that local time lies in the night, which may cross midnight."""
        if self.since <= self.until:
            return self.since <= moment < self.until
        return moment >= self.since or moment < self.until


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a ladder: who is reminded, and how long after the date."""

    level: Level
    after: Target


@dataclass(frozen=True, slots=True)
class StageRule:
    """The rule of a policy for one stage; without targets the stage has no date.

    `targets` are by urgency. `shares` are percentages of the time at which the handler is reminded.
    If `shares` or `ladder` is None, the usual ones hold.
    """

    stage: Stage
    targets: Mapping[str, Target]
    night: Night | None = None
    shares: tuple[int, ...] | None = None
    ladder: tuple[Step, ...] | None = None

    def by_day(self, urgency: str) -> Target | None:
        """The target of that urgency in the daytime, or the normal one; None if there is neither."""
        return self.targets.get(urgency) or self.targets.get("normal")

    def target(self, urgency: str, start: datetime, calendar: Calendar) -> Target | None:
        """The target of a stage that starts at that moment; None if it has no date."""
        return self.target_at(urgency, start.astimezone(calendar.zone).time())

    def target_at(self, urgency: str, clock: time) -> Target | None:
        """The target of a stage that starts at that local time; None if it has no date."""
        target = self.by_day(urgency)
        if target is None or self.night is None or target.length.minutes is None:
            return target
        if not self.night.covers(clock):
            return target
        return replace(target, length=Length(minutes=self.night.minutes))


@dataclass(frozen=True, slots=True)
class Rules:
    """All stages of a policy as they hold at a unit; `versions` are the ids of the rows behind them."""

    versions: tuple[int, ...]
    stages: Mapping[Stage, StageRule] = field(default_factory=dict)


class BadRules(ValueError):
    """A policy that cannot be used; the text says in Chinese what is wrong."""


def read_stages(raw: Sequence[Mapping[str, Any]]) -> dict[Stage, StageRule]:
    """Reads the stages of a policy from JSON; raises BadRules.

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
    _known(raw, _TARGET | {"stage", "night", "shares", "ladder", *URGENCIES[1:]})
    usual = _target(raw)
    targets = {} if usual is None else {"normal": usual}
    for urgency in URGENCIES[1:]:
        own = raw.get(urgency, {})
        _known(own, _TARGET)
        target = _target(own)
        if target is not None:
            targets[urgency] = target
    return StageRule(
        stage=Stage(raw["stage"]),
        targets=targets,
        night=_night(raw["night"]) if raw.get("night") else None,
        shares=_shares(raw["shares"]) if raw.get("shares") else None,
        ladder=_ladder(raw["ladder"]) if raw.get("ladder") else None,
    )


def _known(raw: Mapping[str, Any], names: Set[str]) -> None:
    if unknown := raw.keys() - names:
        raise BadRules(f"不认识的项目：{'、'.join(sorted(unknown))}。")


def _target(raw: Mapping[str, Any]) -> Target | None:
    calendar = CalendarKind(raw.get("calendar", CalendarKind.EVERY_DAY))
    minutes, days, same_day = raw.get("minutes"), raw.get("days"), raw.get("same_day")
    given = sum((minutes is not None, days is not None, bool(same_day)))
    if not given:
        return None
    if given > 1:
        raise BadRules("时长只能填一种：分钟、天数或当天。")
    for number, most in ((minutes, _YEAR * _DAY), (days, _YEAR)):
        if number is not None:
            _positive(number, most)
    return Target(Length(minutes=minutes, days=days, same_day=bool(same_day)), calendar)


def _positive(number: Any, most: int) -> None:
    if type(number) is not int or not 0 < number <= most:
        raise BadRules("时长要是正整数，最长一年。")


def _night(raw: Mapping[str, Any]) -> Night:
    _known(raw, {"since", "until", "minutes"})
    _positive(raw["minutes"], _YEAR * _DAY)
    since, until = (time.fromisoformat(raw[end]) for end in ("since", "until"))
    if since.tzinfo or until.tzinfo:
        raise ValueError("the night must be given in local time, without a zone")
    return Night(since, until, raw["minutes"])


def _shares(raw: Sequence[Any]) -> tuple[int, ...]:
    shares = tuple(raw)
    if any(type(share) is not int or not 0 < share < 100 for share in shares):
        raise BadRules("提醒比例要在 1 到 99 之间。")
    if list(shares) != sorted(set(shares)):
        raise BadRules("提醒比例要从小到大，不能重复。")
    return shares


def _ladder(raw: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    steps = tuple(_step(step) for step in raw)
    if len({step.level for step in steps}) < len(steps):
        raise BadRules("升级步骤里每一级只能写一次。")
    return steps


def _step(raw: Mapping[str, Any]) -> Step:
    _known(raw, {"level", "minutes", "days", "calendar"})
    after = {name: raw[name] for name in ("minutes", "days") if raw.get(name)}
    target = _target({**after, "calendar": raw.get("calendar", CalendarKind.WORKING)})
    at_once = Target(Length(minutes=0), CalendarKind.EVERY_DAY)
    return Step(Level(raw["level"]), target or at_once)


def is_tighter(new: StageRule, above: StageRule) -> bool:
    """Whether no target of the new rule is longer than the one above it, by the same calendar."""
    # Targets change only when a night begins or ends, so these times are enough.
    nights = [rule.night for rule in (new, above) if rule.night is not None]
    clocks = {clock for night in nights for clock in (night.since, night.until)} or {time()}
    for urgency in URGENCIES:
        for clock in clocks:
            held, own = above.target_at(urgency, clock), new.target_at(urgency, clock)
            if held is not None and (own is None or not own.is_within(held)):
                return False
    return True


def fold(layers: Iterable[tuple[int, Mapping[Stage, StageRule]]]) -> Rules:
    """The rules for all together with what units below have tightened, stage by stage.

    `layers` are ids of rows with their stages, from the top down. The rule of a unit holds only while
    it is tighter than the one above it.
    """
    versions: list[int] = []
    stages: dict[Stage, StageRule] = {}
    for version, own in layers:
        versions.append(version)
        for stage, rule in own.items():
            held = stages.get(stage)
            if held is None:
                stages[stage] = rule
            elif is_tighter(rule, held):
                # A unit does not decide who hears of its lateness. Without shares of its own it
                # keeps those above.
                shares = held.shares if rule.shares is None else rule.shares
                stages[stage] = replace(rule, shares=shares, ladder=held.ladder)
    return Rules(tuple(versions), stages)
