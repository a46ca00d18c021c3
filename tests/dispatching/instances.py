"""Random matchings of a community's week, to try the solver on and to measure it."""

import math
from dataclasses import dataclass
from random import Random

from app.dispatching.solver import Limit, Option, Problem, Task, Worker

SKILLS = 12
HOUR = 3600
EVENING, WEEKEND = (18, 21), (9, 20)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many and how entangled: shares of tasks for two, with times, with a skill asked for."""

    tasks: int = 200
    workers: int = 80
    for_two: float = 0.1
    timed: float = 0.3
    skilled: float = 0.5
    most_spans: int = 3
    staff: int = 12
    side_m: int = 3000


def draw(seed: int, shape: Shape) -> Problem:
    """A community's week: members free in the evening, some with orders in hand, a few grid workers.

    A grid worker may do what asks for a skill without having it; that counts as a wish unmet.
    """
    dice = Random(seed)
    workers = tuple(Worker(id_, _limits(dice, shape)) for id_ in range(shape.workers))
    skills = [set(dice.sample(range(SKILLS), dice.randint(1, 4))) for _ in workers]
    homes = [_spot(dice, shape) for _ in workers]
    free = [_free(dice) for _ in workers]
    tasks, options = [], []
    for id_ in range(shape.tasks):
        task = Task(
            1000 + id_,
            dice.choices(range(4), [3, 15, 12, 70])[0],
            2 if dice.random() < shape.for_two else 1,
            _times(dice, shape),
        )
        tasks.append(task)
        wanted = set(dice.sample(range(SKILLS), dice.randint(1, 2)))
        wanted = wanted if dice.random() < shape.skilled else set()
        spot = _spot(dice, shape)
        for worker in workers:
            met = not wanted or bool(wanted & skills[worker.id])
            times = tuple(n for n, span in enumerate(task.times) if _fits(span, free[worker.id]))
            if (met or worker.id < shape.staff) and (times or not task.times):
                metres = round(math.dist(spot, homes[worker.id]) / 10) * 10
                options.append(Option(task.id, worker.id, metres, int(not met), times))
    return Problem(tuple(tasks), workers, tuple(options))


def _limits(dice: Random, shape: Shape) -> tuple[Limit, ...]:
    room = min(2, 3 - dice.choice([0, 0, 0, 1, 1, 2, 3]))
    some = frozenset(1000 + n for n in range(shape.tasks) if n % 3 == 0)
    # Now and then a neighbouring unit is stricter.
    return (Limit(room), Limit(1, some)) if dice.random() < 0.1 else (Limit(room),)


def _spot(dice: Random, shape: Shape) -> tuple[float, float]:
    return dice.uniform(0, shape.side_m), dice.uniform(0, shape.side_m)


def _free(dice: Random) -> dict[int, tuple[int, int]]:
    days = {day: EVENING for day in range(5) if dice.random() < 0.6}
    return days | {day: WEEKEND for day in (5, 6) if dice.random() < 0.7}


def _times(dice: Random, shape: Shape) -> tuple[tuple[int, int], ...]:
    if dice.random() >= shape.timed:
        return ()
    found = []
    for _ in range(dice.randint(1, shape.most_spans)):
        begin = dice.randint(0, 6) * 24 + dice.choice([9, 10, 14, 18, 19, 20])
        found.append((begin * HOUR, (begin + dice.choice([1, 2, 3])) * HOUR))
    return tuple(found)


def _fits(span: tuple[int, int], free: dict[int, tuple[int, int]]) -> bool:
    day, begin = divmod(span[0] // HOUR, 24)
    since, until = free.get(day, (0, 0))
    return max(begin, since) < min(begin + (span[1] - span[0]) // HOUR, until)
