"""The best plan, proven: aim after aim over what the aims before have left open."""

import time

from app.dispatching.solver.greedy import nearest_first
from app.dispatching.solver.linear import Model, Numbers, OutOfTimeError, Remaining
from app.dispatching.solver.problem import Plan, Problem, faults, score


def match(problem: Problem, *, seconds: float = 3.0) -> Plan:
    """The plan with the least `score`; `proven` says whether it is, or the time was over before.

    Without a proof it is the better of what was found and the plan of `nearest_first`.
    """
    by_hand = nearest_first(problem)
    until = time.monotonic() + seconds

    def remaining() -> float:
        left = until - time.monotonic()
        if left <= 0:
            raise OutOfTimeError
        return left

    model = Model(problem)
    columns, proven = _best(model, remaining)
    plan = by_hand if columns is None else Plan(model.given(columns), proven=proven)
    # Rounding is not to be trusted blindly; neither is a solution that the time cut off.
    if faults(problem, plan) or score(problem, by_hand) < score(problem, plan):
        return by_hand
    return plan


def _best(model: Model, remaining: Remaining) -> tuple[Numbers | None, bool]:
    """The best columns and whether that is proven.

    Whole numbers are demanded at the end alone at first, since most often the relaxed aims can be
    reached together; where they cannot, of each aim in turn.
    """
    try:
        for at_once in (False, True):
            columns = _descend(model, remaining, at_once=at_once)
            if columns is not None:
                return columns, True
    except OutOfTimeError as cut_off:
        return cut_off.columns, False
    return None, False


def _descend(model: Model, remaining: Remaining, *, at_once: bool) -> Numbers | None:
    """Aim after aim; None where what the earlier ones promised is not to be had in whole numbers."""
    face, aims = model.face(), list(model.aims())
    columns: Numbers | None = None
    for aim in aims:
        if not face.leaves_open(aim):
            continue
        relaxed = face.relax(aim, remaining)
        if relaxed is None:
            return None
        columns = relaxed.columns if relaxed.is_whole else None
        if columns is None and (at_once or aim is aims[-1] or not relaxed.may_be_reached):
            columns = face.exact(aim, relaxed, remaining)
            if columns is None:
                return None
        reached = relaxed.value if columns is None else round(float(aim @ columns))
        face.narrow(aim, relaxed, reached)
    return face.any_whole(remaining) if columns is None else columns
