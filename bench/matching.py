"""Measures the quality and the time of the best matching, against two plans made by simple rules.

`python -m bench.matching` draws communities of 200 orders and 80 handlers (a tenth of the orders for two
people, a third with times of the resident), plans each in three ways, and prints medians.

best: the program's plan; nearest: the most pressing order first, to the nearest free handler;
first come: the oldest order first, to the first free handler of the list.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from app.dispatching.solver import Plan, Problem, match, nearest_first, score
from app.dispatching.solver.greedy import in_turn
from tests.dispatching.instances import Shape, draw

SEEDS = range(9)
SHAPE = Shape()


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one way to plan: medians over the instances.

    `served` and `pressing` count orders, `unmet` counts missing skills, `distance` is the sum of all
    metres, `proven` counts the instances whose plan is proven to be the best.
    """

    seconds: float
    served: float
    pressing: float
    unmet: float
    distance: float
    proven: int

    @property
    def metres_each(self) -> float:
        """The mean distance to an order in metres."""
        return self.distance / max(self.served, 1)


def first_come(problem: Problem) -> Plan:
    """A plan that gives the oldest task first, to the free worker with the lowest id."""
    return in_turn(problem, list(problem.tasks), lambda option: (option.worker,))


WAYS: dict[str, Callable[[Problem], Plan]] = {
    "best": match,
    "nearest": nearest_first,
    "first come": first_come,
}


def measure(shape: Shape = SHAPE, seeds: range = SEEDS) -> dict[str, Figures]:
    """The figures of each way to plan, by name, over the same instances."""
    plans: dict[str, list[tuple[Problem, Plan, float]]] = {name: [] for name in WAYS}
    for seed in seeds:
        problem = draw(seed, shape)
        for name, way in WAYS.items():
            started = time.perf_counter()
            plan = way(problem)
            plans[name].append((problem, plan, time.perf_counter() - started))
    return {name: _figures(found) for name, found in plans.items()}


def _figures(found: list[tuple[Problem, Plan, float]]) -> Figures:
    scores = [score(problem, plan) for problem, plan, _ in found]
    return Figures(
        seconds=median(seconds for _, _, seconds in found),
        served=median(-sum(served) for served, _, _, _ in scores),
        pressing=median(-sum(served[:2]) for served, _, _, _ in scores),
        unmet=median(unmet for _, _, unmet, _ in scores),
        distance=median(distance for _, _, _, distance in scores),
        proven=sum(plan.proven for _, plan, _ in found),
    )


def _print(figures: dict[str, Figures]) -> None:
    best = figures["best"]
    print(f"{'':12}{'served':>8}{'pressing':>10}{'unmet':>7}{'km':>8}{'m each':>8}{'seconds':>9}")
    for name, found in figures.items():
        print(
            f"{name:12}{found.served:8.0f}{found.pressing:10.0f}{found.unmet:7.0f}"
            f"{found.distance / 1000:8.1f}{found.metres_each:8.0f}{found.seconds:9.3f}"
        )
    for name in ("nearest", "first come"):
        other = figures[name]
        print(
            f"best : {name}: served {best.served / other.served:.2f} ×, "
            f"distance {best.distance / other.distance:.2f} ×, "
            f"metres each {best.metres_each / other.metres_each:.2f} ×, "
            f"unmet skills {best.unmet:.0f} instead of {other.unmet:.0f}"
        )
    print(f"proven best: {best.proven} of {len(SEEDS)}")


if __name__ == "__main__":
    measure(seeds=range(1))
    print(
        f"{SHAPE.tasks} orders, {SHAPE.workers} handlers, {len(SEEDS)} instances, medians; "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    _print(measure())
