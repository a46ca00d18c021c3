"""Two other ways to find the best plan, which share no line with the program's."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ortools.linear_solver import pywraplp

from app.dispatching.solver import Given, Plan, Problem, Score, Task, faults, score


def best_by_trying(problem: Problem) -> Score:
    """The least score over every plan there is; for a handful of tasks."""
    choices = [_ways(problem, task) for task in problem.tasks]
    plans = (Plan(tuple(filter(None, picked))) for picked in itertools.product(*choices))
    return min(score(problem, plan) for plan in plans if not faults(problem, plan))


def _ways(problem: Problem, task: Task) -> list[Given | None]:
    found: list[Given | None] = [None]
    for time in range(len(task.times)) if task.times else (None,):
        able = [
            option.worker
            for option in problem.options
            if option.task == task.id and (time is None or time in option.times)
        ]
        found += [Given(task.id, team, time) for team in itertools.combinations(able, task.people)]
    return found


def best_by_branching(problem: Problem, seconds: int = 300) -> tuple[Score, bool]:
    """The least score by SCIP, aim after aim, each fixed before the next; whether all are proven."""
    model = pywraplp.Solver.CreateSolver("SCIP")
    model.SetTimeLimit(seconds * 1000)
    columns = {
        (option.task, option.worker, time): model.BoolVar("") for option, time in problem.choices()
    }
    served = _rules(model, problem, columns)
    proven, chosen = True, []
    for aim in _aims(model, problem, columns, served):
        model.Minimize(aim)
        proven = model.Solve() == model.OPTIMAL and proven
        # Read at once: the next row makes the model forget it.
        chosen = [key for key, column in columns.items() if column.solution_value() > 0.5]
        model.Add(aim <= round(model.Objective().Value()))
    teams: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    for task, worker, time in chosen:
        teams[task, time].append(worker)
    plan = Plan(tuple(Given(task, tuple(team), time) for (task, time), team in teams.items()))
    assert not faults(problem, plan)
    return score(problem, plan), proven


Columns = dict[tuple[int, int, int | None], Any]
Served = dict[tuple[int, int | None], Any]


def _rules(model: Any, problem: Problem, columns: Columns) -> Served:
    """Written down anew, in another way than the program's: a moment a row, a team a sum."""
    tasks = {task.id: task for task in problem.tasks}
    teams: dict[tuple[int, int | None], list[Any]] = defaultdict(list)
    duties: dict[int, list[tuple[int, int | None, Any]]] = defaultdict(list)
    for (task, worker, time), column in columns.items():
        teams[task, time].append(column)
        duties[worker].append((task, time, column))
    served = {}
    for (task, time), team in teams.items():
        served[task, time] = model.BoolVar("")
        model.Add(model.Sum(team) == tasks[task].people * served[task, time])
    for task in tasks:
        model.Add(model.Sum([s for (id_, _), s in served.items() if id_ == task]) <= 1)
    for worker in problem.workers:
        mine = duties[worker.id]
        for limit in worker.limits:
            bounded = [c for task, _, c in mine if limit.tasks is None or task in limit.tasks]
            model.Add(model.Sum(bounded) <= limit.at_most)
        spans = [(*tasks[task].times[at], c) for task, at, c in mine if at is not None]
        for moment in {since for since, _, _ in spans}:
            there = [c for since, until, c in spans if since <= moment < until]
            model.Add(model.Sum(there) <= 1)
    return served


def _aims(model: Any, problem: Problem, columns: Columns, served: Served) -> Iterator[Any]:
    ranks = {task.id: task.rank for task in problem.tasks}
    places = {task.id: place for place, task in enumerate(problem.tasks)}
    for rank in sorted(set(ranks.values())):
        yield -model.Sum([s for (task, _), s in served.items() if ranks[task] == rank])
    yield model.Sum([places[task] * s for (task, _), s in served.items()])
    options = {(option.task, option.worker): option for option in problem.options}
    yield model.Sum([options[task, w].unmet * c for (task, w, _), c in columns.items()])
    yield model.Sum([options[task, w].distance * c for (task, w, _), c in columns.items()])
