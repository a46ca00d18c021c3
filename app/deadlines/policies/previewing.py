"""Computes the dates of an imagined subject, for staff who set up a policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.deadlines.computing.arithmetic import Pause, used
from app.deadlines.computing.clocks import Choice, Clock, Reckoning, reckon
from app.deadlines.computing.ladders import Climb, Rung, ladder
from app.deadlines.computing.rules import BadRules, Rules, fold, read_stages
from app.deadlines.computing.states import STAGE_WORDS, CalendarKind, Level, Stage
from app.deadlines.policies.queries import downward, policy_here, rules_of_rows
from app.deadlines.policies.wording import LEVEL_WORDS, rung_words
from app.deadlines.terms.surroundings import Here
from app.deadlines.terms.units import seen_unit
from app.kernel.actor import Actor
from app.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class ForeseenRung:
    """A step of a ladder; times are in the unit's zone."""

    step: str
    level: Level
    level_name: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Spent:
    """The counted minutes that were used and left when a stage was met, and whether it was late.

    Pauses do not count; the rest is negative for a late stage. All fields are None for a stage
    without a time in `met_at`.
    """

    used_minutes: int | None = None
    left_minutes: int | None = None
    overdue: bool | None = None


@dataclass(frozen=True, slots=True)
class ForeseenStage:
    """The date of a stage in the unit's zone; None if it has none, or during a pause.

    `spent` is None if the request had no `met_at`.
    """

    stage: Stage
    name: str
    target_minutes: int | None
    due_at: datetime | None
    ladder: Sequence[ForeseenRung]
    spent: Spent | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """All stages of a policy as if they began at the same moment."""

    unit_id: int
    zone: str
    stages: Sequence[ForeseenStage]


class _Proposed(Here):
    """The surroundings of this moment, but with rules that may not be published."""

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self._rules = rules

    def rules(self, versions: tuple[int, ...]) -> Rules:
        """The proposed rules, whatever rows are named."""
        return self._rules


def preview(
    actor: Actor,
    *,
    start: datetime,
    urgency: str,
    unit_id: int | None = None,
    policy: str | None = None,
    stages: Sequence[Mapping[str, Any]] | None = None,
    pauses: Sequence[Pause] = (),
    met_at: Mapping[str, datetime] | None = None,
) -> Preview:
    """Computes all stages of a policy, or of stages that are not published, from one start.

    With `met_at`, times by name of the stage, the answer also tells the minutes used and left.

    Raises NotFound, Forbidden `deadlines.not_allowed`, Invalid `preview.policy_or_stages`,
    `preview.bad_pauses`, `preview.too_far`, `preview.met_before_start`, `preview.no_such_stage`,
    `policy.bad_rules`.
    """
    unit = seen_unit(actor, unit_id)
    if (policy is None) == (stages is None):
        raise Invalid("preview.policy_or_stages", "请选一个时限规则，或者填写各环节，只能选一样。")
    _check_pauses(start, pauses)
    if policy is not None:
        rows = policy_here(actor, policy, unit.id).versions
        rules = rules_of_rows(downward(unit, (row for row in rows if not row.superseded_at)))
    else:
        rules = proposed_rules(stages or ())
    met = None if met_at is None else {Stage(name): moment for name, moment in met_at.items()}
    _check_met(start, met or {}, rules)
    choice = Choice(rules.versions, urgency, unit.id)
    around = _Proposed(rules)
    zone = around.calendar(unit.id, CalendarKind.EVERY_DAY).zone
    try:
        foreseen = [
            _foresee(Clock(stage, 1, 1, start, choice, tuple(pauses)), around, met)
            for stage in Stage
            if stage in rules.stages
        ]
    except (ValueError, OverflowError) as beyond:
        raise Invalid("preview.too_far", "时间隔得太远，算不出来，请换近一些的日期。") from beyond
    return Preview(unit.id, zone.key, foreseen)


def proposed_rules(stages: Sequence[Mapping[str, Any]]) -> Rules:
    """The rules that these stages make; raises Invalid `policy.bad_rules`, which says what is wrong."""
    try:
        rules = fold([(0, read_stages(stages))])
    except BadRules as wrong:
        raise Invalid("policy.bad_rules", str(wrong)) from wrong
    return rules


def _check_pauses(start: datetime, pauses: Sequence[Pause]) -> None:
    last: datetime | None = start
    for paused, resumed in pauses:
        if last is None or paused < last or (resumed is not None and resumed <= paused):
            raise Invalid(
                "preview.bad_pauses", "暂停要按先后填写，不能重叠，不能早于开始，先停后续。"
            )
        last = resumed


def _check_met(start: datetime, met_at: Mapping[Stage, datetime], rules: Rules) -> None:
    for stage, moment in met_at.items():
        name = STAGE_WORDS[stage]
        if stage not in rules.stages:
            raise Invalid(
                "preview.no_such_stage", f"这个时限规则没有“{name}”，不用填它的完成时间。"
            )
        if moment < start:
            raise Invalid("preview.met_before_start", f"“{name}”的完成时间不能早于开始时间。")


def _foresee(
    clock: Clock, around: _Proposed, met_at: Mapping[Stage, datetime] | None
) -> ForeseenStage:
    reckoned = reckon(clock, around) or Reckoning(None, None)
    due_at, minutes, rungs = reckoned.due_at, reckoned.target_minutes, []
    if due_at is not None:
        chosen = clock.choice
        zone = around.calendar(chosen.unit_id, CalendarKind.EVERY_DAY).zone
        since, terms = clock.counts_since, (chosen.versions, chosen.urgency, chosen.unit_id)
        climb = Climb(clock.stage, *terms, since, due_at)
        rungs = [_in_zone(rung, zone) for rung in ladder(climb, around)]
        due_at = due_at.astimezone(zone)
    spent = None
    if met_at is not None:
        at = met_at.get(clock.stage)
        spent = Spent() if at is None else _spent(clock, around, reckoned, at)
    return ForeseenStage(clock.stage, STAGE_WORDS[clock.stage], minutes, due_at, rungs, spent)


def _spent(clock: Clock, around: _Proposed, reckoned: Reckoning, at: datetime) -> Spent:
    """The minutes of a stage that was met at that moment; a stage without a target is never late."""
    target = clock.target(around)
    if target is None or reckoned.target_minutes is None:
        return Spent(overdue=False)
    calendar = around.calendar(clock.choice.unit_id, target.calendar)
    minutes = used(calendar, clock.started_at, at, clock.pauses) // timedelta(minutes=1)
    is_late = reckoned.due_at is not None and at > reckoned.due_at
    return Spent(minutes, reckoned.target_minutes - minutes, is_late)


def _in_zone(rung: Rung, zone: ZoneInfo) -> ForeseenRung:
    at, name = rung.at.astimezone(zone), LEVEL_WORDS[rung.level]
    return ForeseenRung(rung.name, rung.level, name, at, rung_words(rung))
