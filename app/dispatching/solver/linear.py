"""The problem as a linear program, whose set of best solutions is narrowed aim by aim.

Each column (variable) is 0 or 1: a worker does a task at a time, or a task for several workers is
served at a time. Each row (constraint) bounds a sum of columns. An aim (objective) is first solved
without the demand for whole numbers. Columns that its reduced costs exclude, and rows that its prices
fix, stay excluded and fixed for all later aims, so these become small.
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
# Costs are integers, so two values that differ by less than this are equal.
_TOLERANCE = 1e-5
_WHOLE = 1e-6
# The number of cheapest columns that are tried first for a whole solution; it is usually enough.
_FEW = 1500
_DONE, _OUT_OF_TIME = 0, 1


class OutOfTimeError(Exception):
    """The solver's time is over; `columns` is a whole solution if one was found, else None."""

    def __init__(self, columns: Numbers | None = None) -> None:
        super().__init__("out of time")
        self.columns = columns


@dataclass(frozen=True, slots=True)
class Choice:
    """The meaning of a column: this worker does this task at this time.

    `worker` is None in the column that says that a task for several workers is served.
    """

    task: int
    worker: int | None
    time: int | None
    distance: int = 0
    unmet: int = 0


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The best solution without the demand for whole numbers.

    `value` of the aim, value of each column, reduced cost of each column, price of each row.
    """

    value: float
    columns: Numbers
    costs: Numbers
    prices: Numbers

    @property
    def is_whole(self) -> bool:
        """True if every column is a whole number, so that this is a solution of the problem too."""
        return bool(np.all(np.abs(self.columns - np.round(self.columns)) < _WHOLE))

    @property
    def may_be_reached(self) -> bool:
        """True if the value is an integer, so that a whole solution could have the same value."""
        return abs(self.value - round(self.value)) < _TOLERANCE


class Model:
    """The columns (`choices`) and rows of a problem.

    A row is (columns, their factors, the most that the sum may be, whether it must be equal to it).
    """

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
        # Whole solutions obey these rows anyway; without them a relaxed solution could serve half of
        # a task by one whole worker.
        self.rows += [([column, served], [1, -1], 0, False) for column in columns]
        return [served]

    def _at_most(self, columns: list[int], most: int) -> None:
        if len(columns) > most:
            self.rows.append((columns, [1] * len(columns), most, False))

    def _one_at_a_time(self, columns: list[int], tasks: dict[int, Task]) -> None:
        """Adds a row for each largest set of columns of one worker whose spans share a moment."""
        spans = []
        for column in columns:
            choice = self.choices[column]
            if choice.time is not None:
                spans.append((*tasks[choice.task].times[choice.time], column))
        for clique in _cliques(sorted(spans)):
            if len({self.choices[column].task for column in clique}) > 1:
                self._at_most(clique, 1)

    def face(self) -> "Face":
        """The set of all solutions of the problem."""
        return Face(self.rows, len(self.choices))

    def aims(self) -> Iterator[Numbers]:
        """The costs of the columns to minimise, one aim after the other, as in `problem.score`."""
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
        """The tasks with workers and time that a whole solution stands for."""
        workers: dict[tuple[int, int | None], list[int]] = defaultdict(list)
        for column in np.flatnonzero(columns > 0.5):
            choice = self.choices[column]
            if choice.worker is not None:
                workers[choice.task, choice.time].append(choice.worker)
        return tuple(Given(task, tuple(sorted(ids)), time) for (task, time), ids in workers.items())


def _cliques(spans: Sequence[tuple[int, int, int]]) -> Iterator[list[int]]:
    """The largest sets of columns whose spans share a moment.

    `spans` are (since, until, column), sorted by their beginning.
    """
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
    """The set of solutions that are still possible.

    `low` and `high` bound each column; a column with low < high is free. A row with `tight` must be
    equal to its `most`, any other row may be less.
    """

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
        """Indexes of the columns that may still be 0 or 1."""
        return np.flatnonzero(self.high > self.low)

    def leaves_open(self, aim: Numbers) -> bool:
        """Returns whether the aim could still differ between two remaining solutions."""
        return bool(aim[self.free].any())

    def relax(self, aim: Numbers, remaining: Remaining) -> Relaxed | None:
        """The best solution without the demand for whole numbers; None if there is no solution.

        Raises OutOfTimeError.
        """
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
        """The matrix of the free columns, the room of each row, and which rows hold a free column."""
        decided = np.where(self.high > self.low, 0.0, self.low)
        matrix = self.matrix[:, free]
        return matrix, self.most - self.matrix @ decided, np.diff(matrix.indptr) > 0

    def exact(self, aim: Numbers, relaxed: Relaxed, remaining: Remaining) -> Numbers | None:
        """The best whole solution; None if there is none. Raises OutOfTimeError.

        A column whose reduced cost is more than the gap between the whole and the relaxed solution
        is in no better solution, so the cheapest columns are tried alone first.
        """
        costs = relaxed.costs[self.free]
        few = float(np.partition(costs, _FEW)[_FEW]) if len(costs) > _FEW else np.inf
        for most in (few, np.inf) if few < np.inf else (np.inf,):
            columns = self._whole(aim, self.free[costs <= most], remaining)
            if columns is not None and float(aim @ columns) - relaxed.value <= most:
                return columns
        return None

    def any_whole(self, remaining: Remaining) -> Numbers | None:
        """Any one of the whole solutions; None if there is none. Raises OutOfTimeError."""
        return self._whole(np.zeros(len(self.low)), self.free, remaining)

    def _whole(self, aim: Numbers, free: Any, remaining: Remaining) -> Numbers | None:
        matrix, room, used = self._left(free)
        idle = ~used
        # A row without free columns sums to 0, so its bound must admit 0.
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
        """Narrows the set to all solutions whose value of the aim is `reached`."""
        gap = reached - relaxed.value + _TOLERANCE
        # Moving such a column or row by one would worsen the aim by more than the gap.
        self.high[relaxed.costs > gap] = 0
        self.low[relaxed.costs < -gap] = 1
        self.tight |= relaxed.prices > gap
        if gap > 2 * _TOLERANCE:
            self.matrix = csr_array(vstack([self.matrix, csr_array(aim[np.newaxis, :])]))
            self.most = np.append(self.most, reached)
            self.tight = np.append(self.tight, False)
