"""The plan that a dispatcher would make by hand: the most pressing task first, to the nearest worker."""

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
    """A plan that gives task after task, the most pressing and oldest first, to the nearest free worker."""
    places = {task.id: place for place, task in enumerate(problem.tasks)}
    turns = sorted(problem.tasks, key=lambda task: (task.rank, places[task.id]))
    return in_turn(problem, turns, lambda option: (option.distance, option.unmet, option.worker))


def in_turn(problem: Problem, turns: list[Task], line: Line) -> Plan:
    """A plan that gives the tasks of `turns`, one after the other, to the first free workers.

    The options of a task are sorted by the key `line`, the least first. A task that does not find
    enough free workers is left out.
    """
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
    """What a worker can still take: what is left of each limit, and the spans already taken."""

    def __init__(self, worker: Worker) -> None:
        self.room = [(limit.tasks, limit.at_most) for limit in worker.limits]
        self.busy: list[Span] = []

    def are_free(self, task: Task, time: int | None) -> bool:
        """Returns whether the worker's limits and taken spans leave room for the task at that time."""
        if any(left <= 0 and (of is None or task.id in of) for of, left in self.room):
            return False
        return time is None or not any(overlap(task.times[time], span) for span in self.busy)

    def take(self, task: Task, time: int | None) -> None:
        """Counts the task against the limits and notes its span."""
        self.room = [
            (of, left - 1 if of is None or task.id in of else left) for of, left in self.room
        ]
        if time is not None:
            self.busy.append(task.times[time])


def _first_free(task: Task, options: list[Option], hands: dict[int, _Hands]) -> Given | None:
    """The task with its first free workers; of several times the one with the best workers.

    None if at no time enough workers are free.
    """
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
