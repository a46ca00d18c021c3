"""The candidates for one order, best first, each with reasons in words."""

from dataclasses import dataclass
from datetime import datetime

from app.dispatching.facts import Caps, Errand, Handler
from app.dispatching.fitting import Fit, fit
from app.dispatching.queries.errands import caps_of, errands_of
from app.dispatching.queries.handlers import handlers_of
from app.dispatching.states import MOST_CANDIDATES
from app.dispatching.wording import reasons
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.errors import Forbidden
from app.orders.access.policy import may_dispatch
from app.orders.access.visible import get_visible
from app.orders.ticket.states import HandlerKind
from app.people.queries import masked_names

# Metres: two candidates in the same band count as equally near.
_BANDS_M = (300, 1000, 3000)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate as the API shows it: the person, reasons in words, and why not if not possible.

    `distance_m` are metres rounded to ten; `open_load` is the number of orders that the person holds.
    """

    person: dict[str, object]
    kind: HandlerKind
    reasons: list[str]
    possible: bool
    why_not: str | None
    distance_m: int | None
    open_load: int
    skills_matched: list[str]


def candidates_of(actor: Actor, order_id: int) -> list[Candidate]:
    """The best 20 candidates for the order, best first; candidates with an obstacle come last.

    Raises NotFound `not_found` if the actor cannot see the order, Forbidden `order.not_allowed` if
    the actor may not dispatch it.
    """
    order, at = get_visible(actor, order_id), now()
    if not may_dispatch(actor, order):
        raise Forbidden("order.not_allowed", "这一步不由您来办。")
    errand = errands_of([order], at)[order.id]
    caps = caps_of([errand.unit_id])[errand.unit_id]
    found = [
        (handler, fit(errand, handler, caps))
        for handler in handlers_of([errand.path], at)
        if handler.may_serve(errand.path)
    ]
    found.sort(key=lambda pair: _place(errand, *pair))
    shown = found[:MOST_CANDIDATES]
    names = masked_names([handler.id for handler, _ in shown])
    return [_candidate(errand, *pair, caps, names[pair[0].id], at) for pair in shown]


def _place(errand: Errand, handler: Handler, found: Fit) -> tuple[object, ...]:
    """Sort key of a candidate; the best has the least.

    It compares, in this order: obstacle, skill, staff or not (staff dispatch and come last), free at
    the resident's time, same building or band of distance, load, past results, exact distance.
    """
    distance = found.distance
    band = sum(distance is None or distance > bound for bound in _BANDS_M)
    more_returned = handler.returned > handler.completed
    return (
        not found.possible,
        found.unmet,
        handler.kind is HandlerKind.STAFF,
        bool(errand.times) and not found.times,
        0 if found.neighbour else 1 + band,
        handler.holding + handler.offered,
        more_returned,
        distance is None,
        distance,
        -handler.completed,
        handler.id,
    )


def _candidate(
    errand: Errand, handler: Handler, found: Fit, caps: Caps, name: str, at: datetime
) -> Candidate:
    return Candidate(
        person={"id": handler.id, "name": name},
        kind=handler.kind,
        reasons=reasons(errand, handler, found, caps, at),
        possible=found.possible,
        why_not=None if found.obstacle is None else found.obstacle.text,
        distance_m=found.distance,
        open_load=handler.holding,
        skills_matched=list(found.matched),
    )
