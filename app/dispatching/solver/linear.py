"""The problem as rows and columns, and the set of best solutions narrowed aim by aim.

Each column is 0 or 1: a worker does a task at a time, or a task for several is served at a time. Each
row bounds a sum of columns. An aim is solved without the demand for whole numbers first; what its
reduced costs and row prices exclude is excluded for all further aims, which makes them small.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, vstack

from app.dispatching.solver.problem import Given, Problem, Task

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Remaining = Callable[[], float]
# Costs are integers, so what differs by less is the same.
_TOLERANCE = 1e-5
_WHOLE = 1e-6
# As many columns are asked for whole numbers first; most often they are enough.
_FEW = 1500
_DONE, _OUT_OF_TIME = 0, 1


class OutOfTimeError(Exception):
    """The time is over; `columns` is a solution all the same, where one was found."""

    def __init__(self, columns: Numbers | None = None) -> None:
        super().__init__("out of time")
        self.columns = columns


@dataclass(frozen=True, slots=True)
class Choice:
    """What a column means: this worker does this task at this time; worker None: it is served."""

    task: int
    worker: int | None
    time: int | None
    distance: int = 0
    unmet: int = 0


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The best solution that need not be whole: its value, columns, reduced costs and row prices."""

    value: float
    columns: Numbers
    costs: Numbers
    prices: Numbers

    @property
    def is_whole(self) -> bool:
        """Whether it is a solution as it stands."""
        return bool(np.all(np.abs(self.columns - np.round(self.columns)) < _WHOLE))

    @property
    def may_be_reached(self) -> bool:
        """Whether whole columns could have this value: it is an integer."""
        return abs(self.value - round(self.value)) < _TOLERANCE


class Model:
    """Columns and rows of a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.choices: list[Choice] = []
        self.rows: list[tuple[list[int], list[int], int, bool]] = []
        self._by_task: dict[int, list[int]] = defaultdict(list)
        self._build()

    def _build(self) -> None:
        tasks = {task.id: task for task in self.problem.tasks}
        by_time: dict[tuple[int, int | None], list[int]] = defaultdict(list)
        by_worker: dict[int, list[int]] = defaultdict(list)
        for option, time in self.problem.choices():
            by_time[option.task, time].append(len(self.choices))
            by_worker[option.worker].append(len(self.choices))
            self.choices.append(
                Choice(option.task, option.worker, time, option.distance, option.unmet)
            )
        for (task_id, time), columns in by_time.items():
            self._by_task[task_id] += self._served(tasks[task_id], time, columns)
        for columns in self._by_task.values():
            self._at_most(columns, 1)
        for worker in self.problem.workers:
            for limit in worker.limits:
                of = limit.tasks
                own = by_worker[worker.id]
                bounded = own if of is None else [c for c in own if self.choices[c].task in of]
                self._at_most(bounded, limit.at_most)
        for columns in by_worker.values():
            self._one_at_a_time(columns, tasks)

    def _served(self, task: Task, time: int | None, columns: list[int]) -> list[int]:
        """The columns of which each one serves the task."""
        if task.people == 1:
            return columns
        served = len(self.choices)
        self.choices.append(Choice(task.id, None, time))
        self.rows.append(([*columns, served], [1] * len(columns) + [-task.people], 0, True))
        # Implied for whole numbers; without it half a task is done by one whole worker.
        self.rows += [([column, served], [1, -1], 0, False) for column in columns]
        return [served]

    def _at_most(self, columns: list[int], most: int) -> None:
        if len(columns) > most:
            self.rows.append((columns, [1] * len(columns), most, False))

    def _one_at_a_time(self, columns: list[int], tasks: dict[int, Task]) -> None:
        """A row for each largest set of spans that share a moment."""
        spans = []
        for column in columns:
            choice = self.choices[column]
            if choice.time is not None:
                spans.append((*tasks[choice.task].times[choice.time], column))
        for clique in _cliques(sorted(spans)):
            if len({self.choices[column].task for column in clique}) > 1:
                self._at_most(clique, 1)

    def face(self) -> "Face":
        """All solutions."""
        return Face(self.rows, len(self.choices))

    def aims(self) -> Iterator[Numbers]:
        """What is to be made least, one after the other; see `problem.score`."""
        tasks = self.problem.tasks
        can_be_served = [task for task in tasks if task.id in self._by_task]
        weights, weight = {}, 1
        for rank in sorted({task.rank for task in can_be_served}, reverse=True):
            weights[rank] = weight
            weight *= 1 + sum(task.rank == rank for task in can_be_served)
        yield self._serving({task.id: -weights[task.rank] for task in can_be_served})
        yield self._serving({task.id: place for place, task in enumerate(tasks)})
        yield np.array([choice.unmet for choice in self.choices], dtype=float)
        yield np.array([choice.distance for choice in self.choices], dtype=float)

    def _serving(self, costs: dict[int, int]) -> Numbers:
        found = np.zeros(len(self.choices))
        for task, columns in self._by_task.items():
            found[columns] = costs[task]
        return found

    def given(self, columns: Numbers) -> tuple[Given, ...]:
        """What a whole solution means."""
        workers: dict[tuple[int, int | None], list[int]] = defaultdict(list)
        for column in np.flatnonzero(columns > 0.5):
            choice = self.choices[column]
            if choice.worker is not None:
                workers[choice.task, choice.time].append(choice.worker)
        return tuple(Given(task, tuple(sorted(ids)), time) for (task, time), ids in workers.items())


def _cliques(spans: Sequence[tuple[int, int, int]]) -> Iterator[list[int]]:
    """The largest sets of columns whose spans share a moment; spans sorted by their beginning."""
    open_spans: list[tuple[int, int]] = []
    is_new = False
    for since, until, column in spans:
        still_open = [span for span in open_spans if span[0] > since]
        if is_new and len(still_open) < len(open_spans):
            yield [open_column for _, open_column in open_spans]
        open_spans, is_new = [*still_open, (until, column)], True
    if is_new:
        yield [column for _, column in open_spans]


class Face:
    """The solutions that are still in question: columns kept free, rows kept loose."""

    def __init__(self, rows: Sequence[tuple[list[int], list[int], int, bool]], width: int) -> None:
        lengths = [len(columns) for columns, _, _, _ in rows]
        places = np.repeat(np.arange(len(rows)), lengths)
        columns = np.array([column for row in rows for column in row[0]], dtype=int)
        values = np.array([value for row in rows for value in row[1]], dtype=float)
        self.matrix = csr_array((values, (places, columns)), shape=(len(rows), width))
        self.most = np.array([most for _, _, most, _ in rows], dtype=float)
        self.tight = np.array([is_tight for _, _, _, is_tight in rows], dtype=bool)
        self.low, self.high = np.zeros(width), np.ones(width)

    @property
    def free(self) -> Any:
        """Places of the columns that are not decided yet."""
        return np.flatnonzero(self.high > self.low)

    def leaves_open(self, aim: Numbers) -> bool:
        """Whether the aim tells any of the remaining solutions from another."""
        return bool(aim[self.free].any())

    def relax(self, aim: Numbers, remaining: Remaining) -> Relaxed | None:
        """The best solution that need not be whole; None where there is none at all."""
        free = self.free
        matrix, room, used = self._left(free)
        loose, tight = used & ~self.tight, used & self.tight
        found = linprog(
            aim[free],
            A_ub=matrix[loose],
            b_ub=room[loose],
            A_eq=matrix[tight] if tight.any() else None,
            b_eq=room[tight] if tight.any() else None,
            bounds=(0, 1),
            method="highs-ds",
            options={"time_limit": remaining()},
        )
        if found.status == _OUT_OF_TIME:
            raise OutOfTimeError
        if found.status != _DONE:
            return None
        columns, costs, prices = self.low.copy(), np.zeros(len(aim)), np.zeros(len(room))
        columns[free] = found.x
        costs[free] = found.lower.marginals + found.upper.marginals
        prices[loose] = np.abs(found.ineqlin.marginals)
        return Relaxed(float(aim @ columns), columns, costs, prices)

    def _left(self, free: Any) -> tuple[Any, Numbers, Any]:
        """The rows over the free columns, what room they have, and which of them matter at all."""
        decided = np.where(self.high > self.low, 0.0, self.low)
        matrix = self.matrix[:, free]
        return matrix, self.most - self.matrix @ decided, np.diff(matrix.indptr) > 0

    def exact(self, aim: Numbers, relaxed: Relaxed, remaining: Remaining) -> Numbers | None:
        """The best whole solution; None where there is none.

        Columns that cost more than the gap between whole and relaxed can be in no better solution,
        so the cheap ones are tried alone first.
        """
        costs = relaxed.costs[self.free]
        few = float(np.partition(costs, _FEW)[_FEW]) if len(costs) > _FEW else np.inf
        for most in (few, np.inf) if few < np.inf else (np.inf,):
            columns = self._whole(aim, self.free[costs <= most], remaining)
            if columns is not None and float(aim @ columns) - relaxed.value <= most:
                return columns
        return None

    def any_whole(self, remaining: Remaining) -> Numbers | None:
        """One of the whole solutions, no matter which; None where there is none."""
        return self._whole(np.zeros(len(self.low)), self.free, remaining)

    def _whole(self, aim: Numbers, free: Any, remaining: Remaining) -> Numbers | None:
        matrix, room, used = self._left(free)
        idle = ~used
        # A row without columns has nothing to reach its room with.
        if np.any((room[idle] < -_WHOLE) | (self.tight[idle] & (room[idle] > _WHOLE))):
            return None
        columns = np.where(self.high > self.low, 0.0, self.low)
        if not len(free):
            return columns
        least = np.where(self.tight, room, -np.inf)
        found = milp(
            aim[free],
            constraints=LinearConstraint(matrix[used], least[used], room[used]),
            bounds=Bounds(0, 1),
            integrality=np.ones(len(free)),
            options={"mip_rel_gap": 0, "time_limit": remaining()},
        )
        if found.x is not None:
            columns[free] = np.round(found.x)
        if found.status == _OUT_OF_TIME:
            raise OutOfTimeError(columns if found.x is not None else None)
        return columns if found.status == _DONE else None

    def narrow(self, aim: Numbers, relaxed: Relaxed, reached: float) -> None:
        """Keeps the solutions that reach this value of the aim, and all of those."""
        gap = reached - relaxed.value + _TOLERANCE
        # A step of one in a column or a row would cost more than there is to lose.
        self.high[relaxed.costs > gap] = 0
        self.low[relaxed.costs < -gap] = 1
        self.tight |= relaxed.prices > gap
        if gap > 2 * _TOLERANCE:
            self.matrix = csr_array(vstack([self.matrix, csr_array(aim[np.newaxis, :])]))
            self.most = np.append(self.most, reached)
            self.tight = np.append(self.tight, False)
