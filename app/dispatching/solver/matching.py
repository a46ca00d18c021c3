"""The best plan with a proof: each aim is solved over the solutions that the earlier aims left."""

import time

from app.dispatching.solver.greedy import nearest_first
from app.dispatching.solver.linear import Model, Numbers, OutOfTimeError, Remaining
from app.dispatching.solver.problem import Plan, Problem, faults, score


def match(problem: Problem, *, seconds: float = 3.0) -> Plan:
    """The plan with the least `score`; `proven` tells whether this is proven.

    Stops after `seconds`. Without a proof it returns the better one of the plan found so far and the
    plan of `nearest_first`.
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
    # A rounded solution, or one that the end of the time cut off, can break a rule of the problem.
    if faults(problem, plan) or score(problem, by_hand) < score(problem, plan):
        return by_hand
    return plan


def _best(model: Model, remaining: Remaining) -> tuple[Numbers | None, bool]:
    """The best columns and whether they are proven to be the best.

    The first pass demands whole numbers only at the end, because the relaxed aims can usually be
    reached together. If they cannot, the second pass demands whole numbers for each aim.
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
    """Solves aim after aim; None if no whole solution reaches the values of the earlier aims."""
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
