"""The problem of matching, a plan that solves it, the score of a plan and the faults of a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

# Two numbers of seconds since 1970; the second is not part of the span.
Span = tuple[int, int]
# A lower score is better: minus the number served of each rank, places by age, unmet, distance.
Score = tuple[tuple[int, ...], int, int, int]


@dataclass(frozen=True, slots=True)
class Task:
    """An order: `rank` 0 is the most pressing; it gets `people` different workers or none.

    `times` are spans; all workers of the task come at the same one. Empty means any time.
    """

    id: int
    rank: int
    people: int = 1
    times: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """A worker gets at most `at_most` of `tasks`; None means of all tasks."""

    at_most: int
    tasks: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A handler with the limits on what he or she may be given."""

    id: int
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """A worker who may do a task: `distance` in metres, `unmet` 1 if a wished skill is missing.

    `times` are indexes into the task's `times`. If the task has times and the option has none, the
    worker cannot do the task.
    """

    task: int
    worker: int
    distance: int = 0
    unmet: int = 0
    times: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """The tasks, oldest first, the workers, and the options: which worker may do which task."""

    tasks: tuple[Task, ...]
    workers: tuple[Worker, ...]
    options: tuple[Option, ...]

    def choices(self) -> Iterator[tuple[Option, int | None]]:
        """Each option with each index of its times; with None if the task has no times."""
        timed = {task.id for task in self.tasks if task.times}
        for option in self.options:
            for time in option.times if option.task in timed else (None,):
                yield option, time


@dataclass(frozen=True, slots=True)
class Given:
    """A task with its workers; `time` is an index into the task's times, None if it has none."""

    task: int
    workers: tuple[int, ...]
    time: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks that are given, each with its workers; `proven` if no other plan is better."""

    given: tuple[Given, ...]
    proven: bool = False


def score(problem: Problem, plan: Plan) -> Score:
    """The score of a plan; of two plans of one problem the one with the lower score is better.

    It compares, in this order: how many tasks of the most pressing rank are given, then of the next
    ranks; how old the given tasks are; how many wished skills are missing; the sum of the metres.
    """
    tasks = {task.id: (place, task) for place, task in enumerate(problem.tasks)}
    options = {(option.task, option.worker): option for option in problem.options}
    served = [0] * (1 + max((task.rank for task in problem.tasks), default=0))
    age = unmet = distance = 0
    for given in plan.given:
        place, task = tasks[given.task]
        served[task.rank] -= 1
        age += place
        for worker in given.workers:
            unmet += options[given.task, worker].unmet
            distance += options[given.task, worker].distance
    return tuple(served), age, unmet, distance


def faults(problem: Problem, plan: Plan) -> list[str]:
    """The rules of the problem that the plan breaks, each as an English sentence; empty if none."""
    options = {(option.task, option.worker): option for option in problem.options}
    tasks = {task.id: task for task in problem.tasks}
    found = []
    for given in plan.given:
        task = tasks[given.task]
        if len(set(given.workers)) != task.people or len(given.workers) != task.people:
            found.append(f"task {task.id} has {len(given.workers)} workers")
        if bool(task.times) is (given.time is None):
            found.append(f"task {task.id} at {given.time}")
        for worker_id in given.workers:
            option = options.get((task.id, worker_id))
            if option is None or (task.times and given.time not in option.times):
                found.append(f"worker {worker_id} may not do task {task.id} at {given.time}")
    if len({given.task for given in plan.given}) != len(plan.given):
        found.append("a task is given twice")
    for worker in problem.workers:
        mine = [given for given in plan.given if worker.id in given.workers]
        found += _over_limits(worker, mine)
        found += _overlapping(worker, mine, tasks)
    return found


def _over_limits(worker: Worker, mine: Sequence[Given]) -> list[str]:
    return [
        f"worker {worker.id} has more than {limit.at_most}"
        for limit in worker.limits
        if sum(limit.tasks is None or given.task in limit.tasks for given in mine) > limit.at_most
    ]


def _overlapping(worker: Worker, mine: Sequence[Given], tasks: dict[int, Task]) -> list[str]:
    spans = [tasks[given.task].times[given.time] for given in mine if given.time is not None]
    return [
        f"worker {worker.id} at two places at once"
        for one, other in combinations(spans, 2)
        if overlap(one, other)
    ]


def overlap(one: Span, other: Span) -> bool:
    """Returns whether two spans share a moment."""
    return one[0] < other[1] and other[0] < one[1]
