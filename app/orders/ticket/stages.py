"""What each act means for the stages that have deadlines; pure, from what the history says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.deadlines.computing.clocks import ANEW, Choice, Fact
from app.deadlines.computing.states import FactKind, Stage
from app.orders.ticket.states import Action, OrderStatus

A, F, S = Action, FactKind, OrderStatus
AT_START = (
    Stage.ACKNOWLEDGE,
    Stage.ARRANGE,
    Stage.CONTACT,
    Stage.REPORT,
    Stage.SOLVE,
    Stage.ZERO,
)
EVERY = tuple(Stage)
_TAKEN = (Stage.ACKNOWLEDGE, Stage.ARRANGE)
_DONE = tuple(stage for stage in Stage if stage is not Stage.ZERO)
_NOT_ZERO = _DONE

_MET_BY: dict[Action, tuple[Stage, ...]] = {
    A.ACKNOWLEDGE: (Stage.ACKNOWLEDGE,),
    A.SETTLE: _DONE,
    A.COMPLETE: _DONE,
    A.GATHER: _DONE,
    A.APPOINT: (Stage.CONTACT,),
    A.START: (Stage.CONTACT,),
    A.ASK: (Stage.CONTACT,),
    A.PROGRESS: (Stage.CONTACT, Stage.REPORT),
    A.REJECT: (*_TAKEN, Stage.REPORT),
}
_MET_IN: dict[OrderStatus, tuple[Stage, ...]] = {
    S.DISPATCHED: _TAKEN,
    S.CLAIMED: (*_TAKEN, Stage.ACCEPT),
    S.CLOSED: (Stage.ZERO,),
}
_DROPPED_IN: dict[OrderStatus, tuple[Stage, ...]] = {
    S.SUBMITTED: (Stage.ACCEPT,),
    S.CLOSED: _NOT_ZERO,
    S.REJECTED: EVERY,
    S.CANCELLED: EVERY,
}
# Whoever is called when it becomes an emergency has the whole time from then on.
CALLED = "called"
_CALLED_IN: dict[OrderStatus, tuple[Stage, ...]] = {
    S.SUBMITTED: (Stage.ACKNOWLEDGE,),
    S.DISPATCHED: (Stage.ACCEPT,),
}
# Where the policy, urgency or unit of what is open may have become another.
_CHANGES_TERMS = {A.AMEND: {"category_id", "urgency", "unit_id"}, A.MERGE: {"urgency"}}
_AGREES_ON_DATE = frozenset({A.EXTEND, A.AGREE, A.DISPATCH, A.REASSIGN, A.SUBMIT, A.MERGE, A.PLAN})


@dataclass(frozen=True, slots=True)
class Deed:
    """One row of an order's history, with what holds for the order after it.

    `details` are those of the row; `is_planned`: a plan with a report every month holds.
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
        """A new order, or one that begins again after it was answered."""
        if self.before is None:
            return True
        again = self.before in (S.COMPLETED, S.CLOSED, S.REJECTED) and self.after is S.SUBMITTED
        return again and self.action is not A.CHECK

    @property
    def changed(self) -> bool:
        """Whether the order went to another state."""
        return self.before is not self.after


def facts_of(deed: Deed) -> list[Fact]:
    """The facts of the deed's round, in their order; most deeds have none."""
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
    """What stood still goes on; what was thought done is not."""
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
    stages = list(_MET_BY.get(deed.action, ()))
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
    """Reported on, or not done after all: a month later the next report is due."""
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
