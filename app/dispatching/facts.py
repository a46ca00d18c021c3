"""The facts of an order and of a handler that the matching compares: plain values, no rows."""

from dataclasses import dataclass
from datetime import datetime

from app.dispatching.hours import Hours, Times
from app.orders.ticket.states import HandlerKind

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Errand:
    """What an order asks of its handler.

    - `path`: the path of the handling unit.
    - `rank`: 0 for an emergency, 1 urgent, 2 green channel, 3 all others.
    - `own`: ids of the requester and of the person who placed the order.
    - `with_id`: id of the person who holds the order or to whom it is offered.
    - `spot`: (latitude, longitude) in degrees.
    - `skills`: Chinese names of skills; a handler needs one of them.
    - `people`: number of handlers who go together.
    - `times`: the spans that the resident prefers and that are not over; empty means any time.
    """

    order_id: int
    unit_id: int
    path: str
    rank: int
    submitted_at: datetime
    own: frozenset[int]
    with_id: int | None = None
    spot: Point | None = None
    place_path: str = ""
    skills: tuple[str, ...] = ()
    vetted_only: bool = False
    sensitive: bool = False
    people: int = 1
    times: tuple[Times, ...] = ()


@dataclass(frozen=True, slots=True)
class Handler:
    """A person who may handle orders: where he or she lives and works, with what skills, how busy.

    - `serves`: paths of the units whose orders the person may claim or be given.
    - `cleared`: paths of the units whose confidential orders the person may see.
    - `blocked`: the person gets no direct offers, because he or she did not come to visits.
    - `spots`: points (latitude, longitude) of the home and of the units reported to.
    - `hours`: pairs of a unit's path and the free hours that the person gave to that unit.
    - `holding`: number of orders that the person holds, without suspended ones.
    - `offered`: number of offers that wait for the person's answer.
    - `today`: number of orders taken since midnight.
    - `busy`: the spans of orders whose time is known.
    - `completed`, `returned`: number of orders in the last 90 days.
    """

    id: int
    kind: HandlerKind
    serves: tuple[str, ...]
    cleared: tuple[str, ...] = ()
    skills: frozenset[str] = frozenset()
    vetted: bool = False
    away: bool = False
    blocked: bool = False
    spots: tuple[Point, ...] = ()
    home_path: str = ""
    hours: tuple[tuple[str, Hours], ...] = ()
    holding: int = 0
    offered: int = 0
    today: int = 0
    busy: tuple[Times, ...] = ()
    completed: int = 0
    returned: int = 0

    @property
    def claims(self) -> bool:
        """True for members and volunteers, who decide on an offer; grid workers and staff do not."""
        return self.kind in (HandlerKind.MEMBER, HandlerKind.VOLUNTEER)

    def may_serve(self, path: str) -> bool:
        """Returns whether orders of the unit with this path may be given to the handler."""
        return any(path.startswith(root) for root in self.serves)

    def is_cleared(self, path: str) -> bool:
        """Returns whether confidential orders of the unit with this path may be given to the handler.

        A vetted person is cleared everywhere.
        """
        return self.vetted or any(path.startswith(root) for root in self.cleared)

    def hours_at(self, path: str) -> list[Hours]:
        """The free hours that the handler gave to the unit with this path or to a unit above it."""
        return [hours for root, hours in self.hours if path.startswith(root)]


@dataclass(frozen=True, slots=True)
class Caps:
    """The most orders that a person may hold, and may take in a day, at a unit."""

    open: int
    daily: int
