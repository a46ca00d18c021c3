"""Makes the facts of deadlines from the acts of an order, as its history tells them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.deadlines.computing.clocks import ANEW, Choice, Fact
from app.deadlines.computing.states import FactKind, Stage
from app.orders.ticket.states import TABLE, TAKEN, Action, OrderStatus

A, F, S = Action, FactKind, OrderStatus
AT_START = (Stage.ACKNOWLEDGE, Stage.ARRANGE, Stage.CONTACT, Stage.REPORT, Stage.SOLVE, Stage.ZERO)
EVERY = tuple(Stage)
_NOT_ZERO = tuple(stage for stage in Stage if stage is not Stage.ZERO)

_MET_IN: dict[OrderStatus, tuple[Stage, ...]] = {
    S.DISPATCHED: TAKEN,
    S.CLAIMED: (*TAKEN, Stage.ACCEPT),
    S.CLOSED: (Stage.ZERO,),
}
_DROPPED_IN: dict[OrderStatus, tuple[Stage, ...]] = {
    S.SUBMITTED: (Stage.ACCEPT,),
    S.CLOSED: _NOT_ZERO,
    S.REJECTED: EVERY,
    S.CANCELLED: EVERY,
}
# A person who is called when the order becomes an emergency has the whole time from then on.
CALLED = "called"
_CALLED_IN: dict[OrderStatus, tuple[Stage, ...]] = {
    S.SUBMITTED: (Stage.ACKNOWLEDGE,),
    S.DISPATCHED: (Stage.ACCEPT,),
}
# Details by which an act changes the policy, the urgency or the unit of open stages.
_CHANGES_TERMS = {A.AMEND: {"category_id", "urgency", "unit_id"}, A.MERGE: {"urgency"}}
_AGREES_ON_DATE = frozenset({A.EXTEND, A.AGREE, A.DISPATCH, A.REASSIGN, A.SUBMIT, A.MERGE, A.PLAN})


@dataclass(frozen=True, slots=True)
class Deed:
    """One row of an order's history, with the choice of targets that holds for the order after it.

    `before` is None for the placing. `is_planned` says that a plan (立项计划) holds, which asks for a
    report every month.
    """

    action: Action
    before: OrderStatus | None
    after: OrderStatus
    round: int
    at: datetime
    person_id: int | None
    details: Mapping[str, Any]
    choice: Choice
    is_planned: bool = False

    @property
    def begins_round(self) -> bool:
        """Whether the act places the order, or begins it again after an answer."""
        if self.before is None:
            return True
        again = self.before in (S.COMPLETED, S.CLOSED, S.REJECTED) and self.after is S.SUBMITTED
        return again and self.action is not A.CHECK

    @property
    def changed(self) -> bool:
        """Whether the act moved the order to another state."""
        return self.before is not self.after


def is_plan(action: Action) -> bool:
    """Whether a plan with a report every month holds from this act on."""
    return action is A.PLAN


def facts_of(deed: Deed) -> list[Fact]:
    """The facts that the act is for deadlines, in their order; most acts have none."""
    if deed.begins_round:
        return [_fact(deed, F.STARTED, AT_START, deed.choice.as_details()), *_agreed(deed)]
    return [
        *_going_on(deed),
        *_met(deed),
        *_ended(deed),
        *_begun(deed),
        *_terms(deed),
        *_agreed(deed),
    ]


def _fact(
    deed: Deed, kind: FactKind, stages: tuple[Stage, ...], details: Mapping[str, Any] | None = None
) -> Fact:
    return Fact(kind, deed.at, deed.round, stages, details or {})


def _going_on(deed: Deed) -> list[Fact]:
    """Stages that were paused resume; after a failed check the solving is open again."""
    if not deed.changed:
        return []
    if deed.before is S.MERGED:
        return [_fact(deed, F.RESUMED, EVERY)]
    if deed.before is S.SUSPENDED and deed.after is not S.MERGED:
        return [_fact(deed, F.RESUMED, (Stage.SOLVE,))]
    if deed.action is A.CHECK:
        return [_fact(deed, F.REVIVED, (Stage.SOLVE,))]
    return []


def _met(deed: Deed) -> list[Fact]:
    stages = list(TABLE[deed.action].meets)
    if deed.changed and deed.action is not A.CHECK:
        stages += [stage for stage in _MET_IN.get(deed.after, ()) if stage not in stages]
    if deed.action is A.PROGRESS and deed.is_planned:
        stages.append(Stage.MONTHLY)
    if not stages:
        return []
    return [_fact(deed, F.MET, tuple(stages), {"person_id": deed.person_id})]


def _ended(deed: Deed) -> list[Fact]:
    if deed.after is S.MERGED and deed.changed:
        return [_fact(deed, F.PAUSED, EVERY)]
    if deed.after is S.SUSPENDED and deed.changed:
        return [_fact(deed, F.PAUSED, (Stage.SOLVE,))]
    stages = _DROPPED_IN.get(deed.after, ()) if deed.changed else _called(deed)
    if deed.action is A.REASSIGN and deed.before is S.DISPATCHED:
        stages = (Stage.ACCEPT,)
    return [_fact(deed, F.DROPPED, stages)] if stages else []


def _called(deed: Deed) -> tuple[Stage, ...]:
    return _CALLED_IN.get(deed.after, ()) if deed.details.get(CALLED) else ()


def _begun(deed: Deed) -> list[Fact]:
    stages = _called(deed)
    again = deed.changed or deed.action is A.REASSIGN
    if deed.after is S.DISPATCHED and again:
        stages = (Stage.ACCEPT,)
    elif deed.after is S.SUBMITTED and deed.changed:
        stages = (Stage.ARRANGE,)
    elif deed.action is A.PLAN or (deed.is_planned and _goes_on(deed)):
        stages = (Stage.MONTHLY,)
    return [_fact(deed, F.STARTED, stages, deed.choice.as_details())] if stages else []


def _goes_on(deed: Deed) -> bool:
    """A report, or a failed check: the next monthly report is due a month later."""
    return deed.action is A.PROGRESS or (deed.action is A.CHECK and deed.changed)


def _terms(deed: Deed) -> list[Fact]:
    named = deed.details.keys() & _CHANGES_TERMS.get(deed.action, set())
    moved = deed.action is A.AGREE and deed.after is S.SUBMITTED and "unit_id" in deed.details
    if deed.after in (S.MERGED, S.CLOSED) or not (named or moved):
        return []
    anew = {ANEW: True} if deed.action is A.AMEND else {}
    return [_fact(deed, F.CHOSEN, EVERY, deed.choice.as_details() | anew)]


def _agreed(deed: Deed) -> list[Fact]:
    due_at = deed.details.get("due_at")
    if not due_at or deed.action not in _AGREES_ON_DATE:
        return []
    if deed.action is A.EXTEND and "asked" in deed.details:
        return []
    if isinstance(due_at, datetime):
        due_at = due_at.isoformat()
    return [_fact(deed, F.EXTENDED, (Stage.SOLVE,), {"due_at": due_at})]
