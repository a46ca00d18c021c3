"""What is to be matched, what a plan is, how good it is, and what would be wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

# Seconds of the epoch, half-open.
Span = tuple[int, int]
# The lower, the better: served by rank (negative, the most pressing first), age, unmet, distance.
Score = tuple[tuple[int, ...], int, int, int]


@dataclass(frozen=True, slots=True)
class Task:
    """An order: `rank` 0 is the most pressing; it needs `people` different workers, or gets none.

    `times` are spans any one of which suits, for all of its workers together; none: whenever.
    """

    id: int
    rank: int
    people: int = 1
    times: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """Of these tasks (None: of all) a worker gets at most so many."""

    at_most: int
    tasks: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A handler with all that bounds what he or she may be given."""

    id: int
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """That a worker may do a task: metres to go, wished skills that are missing, and when.

    `times` are places in the task's own `times`; an option without one for a task that has times is
    none.
    """

    task: int
    worker: int
    distance: int = 0
    unmet: int = 0
    times: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """The tasks, oldest first; the workers; who may do what."""

    tasks: tuple[Task, ...]
    workers: tuple[Worker, ...]
    options: tuple[Option, ...]

    def choices(self) -> Iterator[tuple[Option, int | None]]:
        """Every option at each of its times; None where the task has no times."""
        timed = {task.id for task in self.tasks if task.times}
        for option in self.options:
            for time in option.times if option.task in timed else (None,):
                yield option, time


@dataclass(frozen=True, slots=True)
class Given:
    """A task with its workers, and at which of its times."""

    task: int
    workers: tuple[int, ...]
    time: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is given to whom; `proven`: no other plan is better."""

    given: tuple[Given, ...]
    proven: bool = False


def score(problem: Problem, plan: Plan) -> Score:
    """How good a plan is; plans of one problem compare by it.

    First how many are served of the most pressing rank, then of the next and so on; of as many the
    older ones; then the fewest wished skills that are missing; then the least distance.
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
    """What a plan breaks: nothing, or in words what and where."""
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
    """Whether two spans share a moment."""
    return one[0] < other[1] and other[0] < one[1]
