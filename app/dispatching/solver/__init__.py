"""The best matching of many orders to many handlers: pure, without database or clock of business."""

from app.dispatching.solver.greedy import nearest_first
from app.dispatching.solver.problem import (
    Given,
    Limit,
    Option,
    Plan,
    Problem,
    Score,
    Span,
    Task,
    Worker,
    faults,
    score,
)

__all__ = [
    "Given",
    "Limit",
    "Option",
    "Plan",
    "Problem",
    "Score",
    "Span",
    "Task",
    "Worker",
    "faults",
    "match",
    "nearest_first",
    "score",
]


def match(problem: Problem, *, seconds: float = 3.0) -> Plan:
    """The plan with the least `score`; `proven` says whether it is, or the time was over before."""
    # SciPy takes 100 MB of memory: only a process that is asked for a plan pays for it.
    from app.dispatching.solver.matching import match as best  # noqa: PLC0415

    return best(problem, seconds=seconds)
