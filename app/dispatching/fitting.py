"""How well a handler fits an errand, and what stands in the way; pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.dispatching.facts import Caps, Errand, Handler, Point
from app.dispatching.hours import Times, is_free
from app.dispatching.states import ROUNDED_M
from app.organisation.geometry import equirectangular


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason against a handler: the error code of the refusal, and a sentence for the dispatcher."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a handler fits an errand.

    - `obstacle`: the first reason against the handler; None if there is none.
    - `distance`: metres, rounded to ten; None if one of the two places is unknown.
    - `matched`: the skills of the errand that the handler has.
    - `unmet`: 1 if the errand asks for skills and the handler has none of them, else 0.
    - `times`: indexes into the errand's `times` at which the handler is free.
    - `room`: how many more orders of the unit the handler may take before a cap is reached.
    - `neighbour`: the handler lives in the building of the order.
    """

    obstacle: Obstacle | None
    distance: int | None
    matched: tuple[str, ...]
    unmet: int
    times: tuple[int, ...]
    room: int
    neighbour: bool

    @property
    def possible(self) -> bool:
        """True if there is no obstacle."""
        return self.obstacle is None


def fit(errand: Errand, handler: Handler, caps: Caps) -> Fit:
    """Returns how well the handler fits the errand; `caps` are those of the errand's unit.

    Expects a handler who may serve that unit (`Handler.may_serve`).
    """
    matched = tuple(skill for skill in errand.skills if skill in handler.skills)
    return Fit(
        obstacle=next(_obstacles(errand, handler, caps), None),
        distance=_distance(errand.spot, handler.spots),
        matched=matched,
        unmet=int(bool(errand.skills) and not matched),
        times=tuple(n for n, span in enumerate(errand.times) if _has_time(errand, handler, span)),
        room=room(handler, caps),
        neighbour=_same_building(errand.place_path, handler.home_path),
    )


def room(handler: Handler, caps: Caps) -> int:
    """Returns how many more orders the handler may take; an open offer counts as an order.

    The smaller of what the cap on held orders and the cap on orders of a day leave; never negative.
    """
    taken = handler.offered
    left = min(caps.open - handler.holding - taken, caps.daily - handler.today - taken)
    return max(left, 0)


def _obstacles(errand: Errand, handler: Handler, caps: Caps) -> Iterator[Obstacle]:
    if handler.id in errand.own:
        yield Obstacle("order.own", "是下单人本人，不能派给自己。")
    if handler.id == errand.with_id:
        yield Obstacle("order.same_handler", "这张工单已经在他手里了。")
    if handler.away:
        yield Obstacle("person.away", "现在暂不接单。")
    if handler.blocked and handler.claims:
        yield Obstacle("person.offers_blocked", "有两次未按约上门，请领导谈话后再指派。")
    if errand.sensitive and not handler.is_cleared(errand.path):
        yield Obstacle("assignee.not_cleared", "这是保密的事，只能派给审核过的人。")
    if errand.vetted_only and not handler.vetted:
        yield Obstacle("assignee.not_vetted", "这类工单只能由审核过的人办理。")
    if handler.claims:
        yield from _for_claimers(errand, handler, caps)


def _for_claimers(errand: Errand, handler: Handler, caps: Caps) -> Iterator[Obstacle]:
    if errand.skills and not set(errand.skills) & handler.skills:
        wanted = "、".join(errand.skills)
        yield Obstacle("assignee.skill_missing", f"需要会这些的人来办：{wanted}。")
    if handler.holding + handler.offered >= caps.open:
        held = f"手上有{handler.holding}件，等答复的有{handler.offered}件"
        yield Obstacle("assignee.open_cap", f"{held}，已到上限{caps.open}件。")
    if handler.today + handler.offered >= caps.daily:
        yield Obstacle("assignee.daily_cap", f"今天新接的已到上限{caps.daily}件。")


def _distance(spot: Point | None, spots: tuple[Point, ...]) -> int | None:
    if spot is None or not spots:
        return None
    metres = min(equirectangular(*spot, *other) for other in spots)
    return round(metres / ROUNDED_M) * ROUNDED_M


def _has_time(errand: Errand, handler: Handler, span: Times) -> bool:
    since, until = span
    busy = any(begin < until and since < end for begin, end in handler.busy)
    hours = handler.hours_at(errand.path)
    return not busy and is_free(hours, since, until)


def _same_building(place_path: str, home_path: str) -> bool:
    """Both paths begin with an estate and a building in it, and these two are the same."""
    place, home = place_path.split("/")[1:3], home_path.split("/")[1:3]
    return len(place) == 2 and all(place) and place == home
