"""The plan that anybody would make by hand: the most pressing first, each to the nearest."""

from collections import defaultdict
from collections.abc import Callable

from app.dispatching.solver.problem import (
    Given,
    Option,
    Plan,
    Problem,
    Span,
    Task,
    Worker,
    overlap,
)

Line = Callable[[Option], tuple[int, ...]]


def nearest_first(problem: Problem) -> Plan:
    """Task by task, the most pressing and oldest first, to whoever is nearest and still free."""
    places = {task.id: place for place, task in enumerate(problem.tasks)}
    turns = sorted(problem.tasks, key=lambda task: (task.rank, places[task.id]))
    return in_turn(problem, turns, lambda option: (option.distance, option.unmet, option.worker))


def in_turn(problem: Problem, turns: list[Task], line: Line) -> Plan:
    """Gives each task of `turns` to the first of its options, by `line`, that are still free."""
    options: dict[int, list[Option]] = defaultdict(list)
    for option in sorted(problem.options, key=line):
        options[option.task].append(option)
    hands = {worker.id: _Hands(worker) for worker in problem.workers}
    given = []
    for task in turns:
        found = _first_free(task, options[task.id], hands)
        if found is not None:
            given.append(found)
            for worker in found.workers:
                hands[worker].take(task, found.time)
    return Plan(tuple(given))


class _Hands:
    """What a worker can still take."""

    def __init__(self, worker: Worker) -> None:
        self.room = [(limit.tasks, limit.at_most) for limit in worker.limits]
        self.busy: list[Span] = []

    def are_free(self, task: Task, time: int | None) -> bool:
        """Whether limits and other times leave room for the task."""
        if any(left <= 0 and (of is None or task.id in of) for of, left in self.room):
            return False
        return time is None or not any(overlap(task.times[time], span) for span in self.busy)

    def take(self, task: Task, time: int | None) -> None:
        """One more."""
        self.room = [
            (of, left - 1 if of is None or task.id in of else left) for of, left in self.room
        ]
        if time is not None:
            self.busy.append(task.times[time])


def _first_free(task: Task, options: list[Option], hands: dict[int, _Hands]) -> Given | None:
    """The workers at the time at which the first one of them stands first in line."""
    best: tuple[list[int], Given] | None = None
    for time in range(len(task.times)) if task.times else (None,):
        fits = [
            (place, option.worker)
            for place, option in enumerate(options)
            if (time is None or time in option.times) and hands[option.worker].are_free(task, time)
        ][: task.people]
        queue = [place for place, _ in fits]
        if len(fits) == task.people and (best is None or queue < best[0]):
            best = queue, Given(task.id, tuple(worker for _, worker in fits), time)
    return None if best is None else best[1]
