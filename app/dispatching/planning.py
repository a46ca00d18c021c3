"""Compares every errand with every handler, states the problem for the solver; pure functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from app.dispatching.facts import Caps, Errand, Handler
from app.dispatching.fitting import Fit, fit, room
from app.dispatching.solver import Limit, Option, Plan, Problem, Task, Worker
from app.dispatching.states import UNKNOWN_M
from app.dispatching.wording import spoken_span

# For an order that gets no handler the first row that holds for one of the handlers is told: the
# rows are sorted by how little was missing.
_WHY = {
    "time": "居民方便的时间（{times}）没有合适的人有空。",
    "room": "合适的人手上都满了，或今天新接的已到上限。",
    "assignee.skill_missing": "没有会这些的人可派：{skills}。",
    "assignee.not_vetted": "没有审核过的人可派。",
    "assignee.not_cleared": "这是保密的事，请直接派给工作人员。",
    "person.offers_blocked": "能派的人有两次未按约上门，请领导谈话后再派。",
    "person.away": "能派的人现在都暂不接单。",
}
_NOBODY = "这个单位还没有能派的人。"
_FULL = ("assignee.open_cap", "assignee.daily_cap")


class Sheet:
    """The fits of all errands and handlers, by (order id, handler id); `caps` are by unit id.

    A handler who may not serve the unit of an errand has no fit with it.
    """

    def __init__(
        self, errands: Sequence[Errand], handlers: Sequence[Handler], caps: Mapping[int, Caps]
    ) -> None:
        self.errands = {errand.order_id: errand for errand in errands}
        self.handlers = {handler.id: handler for handler in handlers}
        self.caps = caps
        self.fits = {
            (errand.order_id, handler.id): fit(errand, handler, caps[errand.unit_id])
            for errand in errands
            for handler in handlers
            if handler.may_serve(errand.path)
        }

    def problem(self) -> Problem:
        """The problem for the solver: tasks oldest first, workers with limits, possible options."""
        oldest = sorted(self.errands.values(), key=_age)
        return Problem(
            tuple(_task(errand) for errand in oldest),
            tuple(Worker(h.id, self._limits(h, oldest)) for h in self.handlers.values()),
            tuple(
                Option(
                    task=order_id,
                    worker=handler_id,
                    distance=UNKNOWN_M if found.distance is None else found.distance,
                    unmet=found.unmet,
                    times=found.times,
                )
                for (order_id, handler_id), found in self.fits.items()
                if hindrance(self.errands[order_id], found) is None
            ),
        )

    def _limits(self, handler: Handler, errands: Sequence[Errand]) -> tuple[Limit, ...]:
        """A limit for each different room that the units' caps leave to the handler.

        The caps of a unit count all orders that the handler holds, also those of other units. So a
        limit covers the orders of its unit and of all units with less room.
        """
        rooms = {unit_id: room(handler, caps) for unit_id, caps in self.caps.items()}
        limits, tasks = [], set[int]()
        by_room = sorted(errands, key=lambda errand: rooms[errand.unit_id])
        for left, group in groupby(by_room, key=lambda errand: rooms[errand.unit_id]):
            tasks |= {errand.order_id for errand in group}
            limits.append(Limit(left, frozenset(tasks)))
        return tuple(limits)

    def unmet(self, plan: Plan) -> int:
        """How many times the plan gives an order to a handler without any of the skills it asks for."""
        return sum(self.fits[g.task, worker].unmet for g in plan.given for worker in g.workers)

    def why(self, order_id: int) -> str:
        """A Chinese sentence that tells why the plan leaves the order out."""
        errand = self.errands[order_id]
        found = [one for (task, _), one in self.fits.items() if task == order_id]
        hindrances = Counter(hindrance(errand, one) for one in found)
        able = hindrances.pop(None, 0)
        if able >= errand.people:
            return "合适的人都排给了更急或更早的工单。"
        if able:
            return f"须{errand.people}人同行，合适的只有{able}人。"
        told = next((text for code, text in _WHY.items() if code in hindrances), _NOBODY)
        skills = "、".join(errand.skills)
        return told.format(skills=skills, times="、".join(map(spoken_span, errand.times)))


def hindrance(errand: Errand, found: Fit) -> str | None:
    """What keeps a handler out of the plan: an error code, "room" or "time"; None if nothing does.

    "room": a cap is reached. In a plan the caps also count for grid workers; the verbs for a single
    order do not ask for them. "time": the handler is free at none of the times of the errand.
    """
    if found.obstacle is not None:
        return "room" if found.obstacle.code in _FULL else found.obstacle.code
    if not found.room:
        return "room"
    return "time" if errand.times and not found.times else None


def pressing(errand: Errand) -> tuple[int, datetime, int]:
    """Sort key by which the most pressing errand comes first: rank, then age, then order id."""
    return errand.rank, *_age(errand)


def _age(errand: Errand) -> tuple[datetime, int]:
    return errand.submitted_at, errand.order_id


def _task(errand: Errand) -> Task:
    times = [(int(since.timestamp()), int(until.timestamp())) for since, until in errand.times]
    return Task(errand.order_id, errand.rank, errand.people, tuple(times))
