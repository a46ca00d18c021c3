"""Publishes policies: the shipped ones, new versions for all units, and tightenings of a unit."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.deadlines.computing.rules import Rules, is_tighter
from app.deadlines.computing.states import STAGE_WORDS
from app.deadlines.policies.previewing import proposed_rules
from app.deadlines.policies.queries import downward, policies_at, rules_of_rows
from app.deadlines.policies.shipped import shipped_policies
from app.deadlines.standing.recomputing import request_recomputation
from app.deadlines.terms.models import DeadlinePolicy
from app.deadlines.terms.policy import may_edit
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.database.fast.kept import hold
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.organisation.models import Unit
from app.organisation.queries import hold_unit

# The lock of every change of policies, so that each code and unit has one current row.
_POLICIES = "policies"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")


def seed_policies(actor: Actor) -> int:
    """Adds the shipped policies whose code has no row yet; answers how many.

    Raises Forbidden `policy.not_allowed`.
    """
    _check_may_edit(actor, None)
    hold(_POLICIES)
    known = set(session.scalars(select(DeadlinePolicy.code)))
    missing = [policy for policy in shipped_policies() if policy.code not in known]
    session.add_all(
        DeadlinePolicy(
            code=policy.code,
            name=policy.name or policy.code,
            stages=policy.stages,
            created_at=now(),
        )
        for policy in missing
    )
    session.flush()
    return len(missing)


def publish_policy(
    actor: Actor,
    code: str,
    *,
    stages: Sequence[Mapping[str, Any]],
    based_on: int | None,
    unit_id: int | None = None,
    name: str | None = None,
    note: str = "",
) -> DeadlinePolicy:
    """Publishes a version for all units, or what one unit tightens for its subtree; answers its row.

    `based_on` is the id of the row that it replaces; None for the first one. If somebody else has
    replaced that row, Conflict `policy.changed_meanwhile` is raised. Pending deadlines are computed
    again. Tightenings of units stay in force, stage by stage, while they are still tighter.

    Raises Forbidden `policy.not_allowed`; Conflict `unit.closed`; Invalid `policy.bad_code`,
    `policy.bad_rules`, `policy.name_missing`, `policy.unknown`, `policy.looser`, `policy.ladder_above`.
    """
    unit = None if unit_id is None else hold_unit(unit_id)
    _check_may_edit(actor, unit.path if unit else None)
    if not _CODE.fullmatch(code):
        raise Invalid("policy.bad_code", "代码只能用小写英文字母、数字和下划线，以字母开头。")
    rules = proposed_rules(stages)
    hold(_POLICIES)
    rows = _current(code, unit)
    replaced = next((row for row in rows if row.unit_id == unit_id), None)
    if (replaced and replaced.id) != based_on:
        raise Conflict("policy.changed_meanwhile", "这条规则刚被别人改过，请重新打开后再修改。")
    if unit is not None:
        unit.check_open()
        above = [row for row in rows if row is not replaced]
        if not above:
            raise Invalid("policy.unknown", "没有这种办理时限，请重新选择。")
        _check_tighter(rules, rules_of_rows(above))
    elif not (name or rows):
        raise Invalid("policy.name_missing", "新的时限规则要有名称。")
    fresh = DeadlinePolicy(
        code=code,
        name=name or (replaced or rows[0]).name,
        unit_id=unit_id,
        stages=list(stages),
        note=note,
        created_at=now(),
        created_by_id=actor.person_id,
    )
    if replaced is not None:
        replaced.superseded_at = fresh.created_at
    session.add(fresh)
    session.flush()
    fields = [stage.value for stage in rules.stages]
    audit.record(
        actor, "policy.published", "policy", fresh.id, reason=note, fields=fields, unit_id=unit_id
    )
    _compute_again(actor, fresh, unit, "改了时限规则")
    return fresh


def withdraw_policy(actor: Actor, code: str, unit_id: int) -> None:
    """Ends what a unit has tightened; the unit goes by the rules above it again.

    Raises Forbidden `policy.not_allowed`; Conflict `policy.nothing_tightened`.
    """
    unit = hold_unit(unit_id)
    _check_may_edit(actor, unit.path)
    hold(_POLICIES)
    own = next((row for row in _current(code, unit) if row.unit_id == unit_id), None)
    if own is None:
        raise Conflict("policy.nothing_tightened", "这个单位没有自己的时限规定。")
    own.superseded_at = now()
    session.flush()
    audit.record(actor, "policy.withdrawn", "policy", own.id, unit_id=unit_id)
    _compute_again(actor, own, unit, "取消了自己的时限规则")


def _check_may_edit(actor: Actor, unit_path: str | None) -> None:
    if not may_edit(actor, unit_path):
        raise Forbidden("policy.not_allowed", "您没有修改这项时限规则的权限。")


def _current(code: str, unit: Unit | None) -> list[DeadlinePolicy]:
    """The current rows at the unit, from the top, read again because the lock may have waited."""
    owned = select(DeadlinePolicy).where(DeadlinePolicy.unit_id.is_(None))
    rows = session.scalars(
        (owned if unit is None else policies_at(unit))
        .where(DeadlinePolicy.code == code, DeadlinePolicy.superseded_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return list(rows) if unit is None else downward(unit, rows)


def _check_tighter(rules: Rules, above: Rules) -> None:
    if any(rule.ladder is not None for rule in rules.stages.values()):
        raise Invalid("policy.ladder_above", "到期以后通知谁，由发布全体规则的单位规定，不用填。")
    for stage, rule in rules.stages.items():
        held = above.stages.get(stage)
        if held is not None and not is_tighter(rule, held):
            raise Invalid(
                "policy.looser",
                f"“{STAGE_WORDS[stage]}”的时限不能比上级规定的宽，也不能换成另一种算法。",
            )


def _compute_again(actor: Actor, row: DeadlinePolicy, unit: Unit | None, what: str) -> None:
    who = "" if unit is None else unit.name
    request_recomputation(
        actor,
        f"{who}{what}：{row.name}",
        policy=row.code,
        unit_path=unit.path if unit else None,
    )
