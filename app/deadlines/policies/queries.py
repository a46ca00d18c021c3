"""Reads policies as they hold at a unit, with their versions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select, or_, select

from app.deadlines.computing.rules import Rules, StageRule, fold, read_stages
from app.deadlines.computing.states import STAGE_WORDS, Stage
from app.deadlines.policies.wording import (
    WordedNight,
    WordedStep,
    WordedTime,
    night_of,
    steps_of,
    times_of,
)
from app.deadlines.terms.models import DeadlinePolicy
from app.deadlines.terms.units import seen_unit
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import not_found
from app.organisation.models import Unit


@dataclass(frozen=True, slots=True)
class StageHere:
    """The rule of a stage that holds at a unit, and the unit that set it; None if it is for all."""

    rule: StageRule
    set_by_unit_id: int | None

    @property
    def stage(self) -> Stage:
        """The stage that the rule is for."""
        return self.rule.stage

    @property
    def name(self) -> str:
        """The Chinese name of the stage."""
        return STAGE_WORDS[self.rule.stage]

    @property
    def times(self) -> list[WordedTime]:
        """The targets, by urgency."""
        return times_of(self.rule)

    @property
    def night(self) -> WordedNight | None:
        """The minutes for what starts at night; None without a night."""
        return night_of(self.rule)

    @property
    def shares(self) -> tuple[int, ...] | None:
        """The rule's own percentages; None if the usual ones hold."""
        return self.rule.shares

    @property
    def ladder(self) -> list[WordedStep] | None:
        """The rule's own ladder; None if the usual one holds."""
        return steps_of(self.rule)


@dataclass(frozen=True, slots=True)
class PolicyHere:
    """A policy as it holds at a unit: the row for all, the unit's own row, the stages of both."""

    shared: DeadlinePolicy
    own: DeadlinePolicy | None
    unit_id: int
    stages: Sequence[StageHere]
    versions: Sequence[DeadlinePolicy] = ()

    @property
    def code(self) -> str:
        """The code by which categories name the policy."""
        return self.shared.code

    @property
    def name(self) -> str:
        """The Chinese name of the policy."""
        return self.shared.name

    @property
    def current_id(self) -> int:
        """The id of the current version for all units."""
        return self.shared.id

    @property
    def own_id(self) -> int | None:
        """The id of the unit's own current version; None without one."""
        return self.own.id if self.own else None


def policies_at(unit: Unit) -> Select[DeadlinePolicy]:
    """A query of all versions for all units, for units above this one and for this one."""
    owner = DeadlinePolicy.unit_id
    return select(DeadlinePolicy).where(or_(owner.is_(None), owner.in_(unit.path_ids)))


def policies_here(actor: Actor, unit_id: int | None) -> list[PolicyHere]:
    """All policies as they hold at the unit; without an id at the actor's own unit.

    Raises NotFound, Forbidden `deadlines.not_allowed`.
    """
    unit = seen_unit(actor, unit_id)
    current = policies_at(unit).where(DeadlinePolicy.superseded_at.is_(None))
    layers: dict[str, list[DeadlinePolicy]] = {}
    for row in session.scalars(current.order_by(DeadlinePolicy.id)):
        layers.setdefault(row.code, []).append(row)
    found = [_here(unit, downward(unit, rows)) for rows in layers.values()]
    return sorted(found, key=lambda here: here.shared.id)


def policy_here(actor: Actor, code: str, unit_id: int | None) -> PolicyHere:
    """One policy as it holds at the unit, with its versions, the newest first.

    Raises NotFound, Forbidden `deadlines.not_allowed`.
    """
    unit = seen_unit(actor, unit_id)
    versions = policies_at(unit).where(DeadlinePolicy.code == code)
    rows = list(session.scalars(versions.order_by(DeadlinePolicy.id.desc())))
    if not rows:
        raise not_found()
    return _here(unit, downward(unit, (row for row in rows if not row.superseded_at)), rows)


def downward(unit: Unit, rows: Iterable[DeadlinePolicy]) -> list[DeadlinePolicy]:
    """The rows of one policy in order: the one for all, then units from the top down."""
    owners: list[int | None] = [None, *unit.path_ids]
    return sorted(rows, key=lambda row: owners.index(row.unit_id))


def rules_of_rows(rows: Iterable[DeadlinePolicy]) -> Rules:
    """The rules that these rows make; the order is that of `downward`."""
    return fold((row.id, read_stages(row.stages)) for row in rows)


def _here(
    unit: Unit, rows: Sequence[DeadlinePolicy], versions: Sequence[DeadlinePolicy] = ()
) -> PolicyHere:
    layers = [(row, read_stages(row.stages)) for row in rows]
    stages = fold((row.id, own) for row, own in layers).stages
    setters: dict[Stage, int | None] = {}
    for row, own in layers:
        setters |= {
            stage: row.unit_id for stage, rule in own.items() if _is_from(rule, stages[stage])
        }
    own_row = rows[-1] if rows[-1].unit_id == unit.id else None
    here = [StageHere(stages[stage], setters[stage]) for stage in Stage if stage in stages]
    return PolicyHere(rows[0], own_row, unit.id, here, versions)


def _is_from(rule: StageRule, held: StageRule) -> bool:
    """Whether the rule that holds is that one, apart from a ladder and shares kept from above."""
    shares = held.shares if rule.shares is None else rule.shares
    return replace(rule, shares=shares, ladder=None) == replace(held, ladder=None)
