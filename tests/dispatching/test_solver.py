"""The solver finds the best plan and says so: against trying all, against another solver, at its limits."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.dispatching.solver import (
    Given,
    Limit,
    Option,
    Plan,
    Problem,
    Task,
    Worker,
    faults,
    linear,
    match,
    nearest_first,
    score,
)
from app.dispatching.solver import matching as solving
from app.dispatching.solver.linear import OutOfTimeError
from bench.matching import measure
from tests.dispatching.instances import HOUR, Shape, draw
from tests.dispatching.rivals import best_by_branching, best_by_trying

LARGE = Shape()
# Every second task at a time, every third for two: what the relaxed problem does not get for nothing.
TANGLED = Shape(tasks=24, workers=9, for_two=0.35, timed=0.6, staff=3)
SMALL = Shape(tasks=5, workers=4, for_two=0.4, timed=0.6, most_spans=2, staff=1)


@pytest.mark.parametrize("seed", range(50))
def test_best_of_all_plans(seed: int) -> None:
    """On fifty small instances nothing that could be tried is better."""
    problem = draw(seed, SMALL)
    plan = match(problem)
    assert (plan.proven, faults(problem, plan)) == (True, [])
    assert score(problem, plan) == best_by_trying(problem)


# What is best without whole numbers is not to be had in them: each aim must be settled in turn.
DECEPTIVE = [
    (Shape(tasks=6, workers=4, for_two=0.6, timed=1, most_spans=2, staff=1, skilled=0), 61),
    (Shape(tasks=6, workers=4, for_two=0.6, timed=1, most_spans=2, staff=1, skilled=0), 84),
    (TANGLED, 48),
    (TANGLED, 66),
    (Shape(tasks=12, workers=5, for_two=0.6, timed=0.9, staff=5, most_spans=1), 13),
]


@pytest.mark.parametrize(("shape", "seed"), DECEPTIVE)
@pytest.mark.parametrize("few", [1, 5, 1500])
def test_deceptive_instances(
    shape: Shape, seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few columns are tried first."""
    problem = draw(seed, shape)
    assert solving._descend(solving.Model(problem), lambda: 60, at_once=False) is None
    monkeypatch.setattr(linear, "_FEW", few)
    _compare(problem)


@pytest.mark.parametrize("seed", range(6))
def test_as_good_as_another_solver(seed: int) -> None:
    """On tangled instances that nobody could try out."""
    _compare(draw(seed, TANGLED))


@pytest.mark.full
@pytest.mark.parametrize("seed", range(50))
def test_as_good_as_another_solver_at_full_size(seed: int) -> None:
    """Fifty times 200 orders and 80 handlers, proven by both."""
    _compare(draw(seed, LARGE))


def _compare(problem: Problem) -> None:
    plan = match(problem, seconds=60)
    assert (plan.proven, faults(problem, plan)) == (True, [])
    assert (score(problem, plan), True) == best_by_branching(problem)


@pytest.mark.parametrize("shape", [LARGE, replace(LARGE, for_two=0.3, timed=0.6)])
def test_better_than_by_hand(shape: Shape) -> None:
    """At full size, with a proof; the plan by hand keeps the rules too but is worse."""
    problem = draw(7, shape)
    plan, by_hand = match(problem, seconds=60), nearest_first(problem)
    assert faults(problem, by_hand) == []
    assert plan.proven
    assert score(problem, plan) < score(problem, by_hand)


# --- the order of the aims


def _problem(tasks: list[Task], rooms: list[int], options: list[Option]) -> Problem:
    workers = tuple(Worker(id_, (Limit(most),)) for id_, most in enumerate(rooms))
    return Problem(tuple(tasks), workers, tuple(options))


def _given(plan: Plan) -> dict[int, tuple[int, ...]]:
    return {given.task: given.workers for given in plan.given}


def test_one_emergency_goes_before_any_number() -> None:
    """Two people for it leave two others without anybody."""
    tasks = [Task(1, 3), Task(2, 3), Task(3, 0, people=2)]
    options = [Option(task, worker) for task in (1, 2, 3) for worker in (0, 1)]
    plan = match(_problem(tasks, [1, 1], options))
    assert (_given(plan), plan.proven) == ({3: (0, 1)}, True)


def test_the_older_goes_first_of_equals_alone() -> None:
    """Age decides between equals before skill and distance, and never against rank."""
    tasks = [Task(1, 3), Task(2, 3)]
    options = [Option(1, 0, distance=5000, unmet=1), Option(2, 0)]
    assert _given(match(_problem(tasks, [1], options))) == {1: (0,)}
    tasks = [Task(1, 3), Task(2, 2)]
    assert _given(match(_problem(tasks, [1], options))) == {2: (0,)}


def test_wished_skills_go_before_distance() -> None:
    """One wish met is worth any way."""
    options = [Option(1, 0, distance=0, unmet=1), Option(1, 1, distance=90_000)]
    assert _given(match(_problem([Task(1, 3)], [1, 1], options))) == {1: (1,)}


def test_the_sum_of_the_ways_counts() -> None:
    """By hand the first one takes the nearest and sends the second far away."""
    options = [Option(1, 0, 100), Option(1, 1, 110), Option(2, 0, 120), Option(2, 1, 900)]
    problem = _problem([Task(1, 3), Task(2, 3)], [1, 1], options)
    assert _given(match(problem)) == {1: (1,), 2: (0,)}
    assert _given(nearest_first(problem)) == {1: (0,), 2: (1,)}


def test_nothing_to_do() -> None:
    """No order, nobody, or nobody who may."""
    for problem in (
        _problem([], [], []),
        _problem([Task(1, 3)], [], []),
        _problem([Task(1, 3, times=((0, 9),))], [1], [Option(1, 0)]),
        _problem([Task(1, 3, people=2)], [5], [Option(1, 0)]),
        _problem([Task(1, 3)], [0], [Option(1, 0)]),
    ):
        assert match(problem) == Plan((), proven=True)


def test_a_chosen_time_lets_both_be_done() -> None:
    """Each could be at six; one of them also at eight."""
    early, late = (18 * HOUR, 20 * HOUR), (20 * HOUR, 21 * HOUR)
    tasks = [Task(1, 3, times=(early, late)), Task(2, 3, times=(early,))]
    options = [Option(1, 0, times=(0, 1)), Option(2, 0, times=(0,))]
    plan = match(_problem(tasks, [2], options))
    assert set(plan.given) == {Given(1, (0,), 1), Given(2, (0,), 0)}


def test_half_a_task_is_none() -> None:
    """Three tasks for two and three people who can each do two of them: one at a time is all."""
    tasks = [Task(n, 3, people=2, times=((0, 60),)) for n in range(3)]
    pairs = [(0, 1), (1, 2), (2, 0)]
    options = [Option(n, w, 10, times=(0,)) for n, pair in enumerate(pairs) for w in pair]
    plan = match(_problem(tasks, [2, 2, 2], options))
    assert (_given(plan), plan.proven) == ({0: (0, 1)}, True)


def test_strict_units_bind_their_own_orders() -> None:
    """A limit over some tasks holds beside the one over all."""
    limits = (Limit(2), Limit(1, frozenset({1, 2})))
    tasks = (Task(1, 3), Task(2, 3), Task(3, 3), Task(4, 3))
    problem = Problem(tasks, (Worker(0, limits),), tuple(Option(n, 0) for n in (1, 2, 3, 4)))
    plan = match(problem)
    assert set(_given(plan)) == {1, 3}
    assert faults(problem, Plan((Given(1, (0,), None), Given(2, (0,), None)))) == [
        "worker 0 has more than 1"
    ]


# --- when the time is over


def test_without_time_by_hand_and_not_proven() -> None:
    problem = draw(1, LARGE)
    plan = match(problem, seconds=0)
    assert plan == nearest_first(problem)
    assert not plan.proven


def test_what_was_found_in_time_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that is cut off is given if it is better than by hand, but as what it is."""
    problem = draw(1, TANGLED)
    best = solving.Model(problem)
    columns, proven = solving._best(best, lambda: 60)
    assert proven

    def cut_off(*_: object, **__: object) -> None:
        raise OutOfTimeError(columns)

    monkeypatch.setattr(solving, "_descend", cut_off)
    plan = match(problem)
    assert not plan.proven
    assert score(problem, plan) < score(problem, nearest_first(problem))


def test_a_broken_solution_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a solver says is looked at before anybody believes it."""
    problem = draw(1, TANGLED)
    width = len(solving.Model(problem).choices)
    monkeypatch.setattr(solving, "_descend", lambda *_, **__: [1.0] * width)
    monkeypatch.setattr(solving.Model, "given", lambda *_: (Given(1000, (0, 0), None),))
    plan = match(problem)
    assert plan == nearest_first(problem)
    assert not plan.proven


# --- whatever the instance, the rules hold

_NUMBERS = st.integers(0, 3)


@st.composite
def problems(draw_one: st.DrawFn) -> Problem:
    """Any small instance, also senseless ones."""
    spans = st.tuples(st.integers(0, 8), st.integers(1, 4)).map(lambda s: (s[0], s[0] + s[1]))
    times = st.lists(spans, max_size=3).map(tuple)
    tasks = [
        Task(id_, draw_one(_NUMBERS), draw_one(st.integers(1, 3)), draw_one(times))
        for id_ in range(draw_one(st.integers(0, 7)))
    ]
    some = st.none() | st.frozensets(st.integers(0, 6))
    limits = st.lists(st.builds(Limit, _NUMBERS, some), max_size=3).map(tuple)
    workers = [Worker(id_, draw_one(limits)) for id_ in range(draw_one(st.integers(0, 5)))]
    options = [
        Option(
            task.id,
            worker.id,
            draw_one(st.integers(0, 50)) * 10,
            draw_one(st.integers(0, 1)),
            tuple(n for n in range(len(task.times)) if draw_one(st.booleans())),
        )
        for task in tasks
        for worker in workers
        if draw_one(st.booleans())
    ]
    return Problem(tuple(tasks), tuple(workers), tuple(options))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_the_rules_are_never_broken(problem: Problem) -> None:
    """Caps, who may do what, one place at a time, all of a team or none; and never worse than by hand."""
    plan, by_hand = match(problem), nearest_first(problem)
    assert faults(problem, plan) == faults(problem, by_hand) == []
    assert plan.proven
    assert score(problem, plan) <= score(problem, by_hand)


def test_faults_are_found() -> None:
    """Each rule's own breach is named, so that nothing above passes for nothing."""
    tasks = [
        Task(1, 3, times=((0, 9), (9, 12))),
        Task(2, 3, people=2),
        Task(3, 3, times=((8, 10),)),
    ]
    options = [
        Option(1, 0, times=(0,)),
        Option(2, 0),
        Option(2, 1),
        Option(3, 0, times=(0,)),
    ]
    problem = _problem(tasks, [2, 2], options)
    right = [Given(1, (0,), 0), Given(2, (0, 1), None)]
    assert faults(problem, Plan(tuple(right))) == []
    for wrong, words in (
        (Given(2, (0,), None), "task 2 has 1 workers"),
        (Given(2, (0, 0), None), "task 2 has 2 workers"),
        (Given(1, (0,), None), "task 1 at None"),
        (Given(1, (0,), 1), "worker 0 may not do task 1 at 1"),
        (Given(1, (1,), 0), "worker 1 may not do task 1 at 0"),
    ):
        assert words in faults(problem, Plan((wrong,)))
    assert "a task is given twice" in faults(problem, Plan((right[0], right[0])))
    both = Plan((Given(1, (0,), 0), Given(3, (0,), 0)))
    assert faults(problem, both) == ["worker 0 at two places at once"]
    assert faults(_problem(tasks, [1, 1], options), Plan(tuple(right))) == [
        "worker 0 has more than 1"
    ]


def test_the_measurement_runs() -> None:
    """Three ways over the same instances; the best one serves no fewer of the most pressing."""
    figures = measure(Shape(tasks=12, workers=5), range(2))
    assert figures["best"].proven == 2
    assert all(figures["best"].pressing >= other.pressing for other in figures.values())
