"""The best matching of many orders with many handlers: pure, without database or business time."""

from app.dispatching.solver.greedy import nearest_first
from app.dispatching.solver.matching import match
from app.dispatching.solver.problem import (
    Given,
    Limit,
    Option,
    Plan,
    Problem,
    Score,
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
    "Task",
    "Worker",
    "faults",
    "match",
    "nearest_first",
    "score",
]
