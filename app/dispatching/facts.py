"""What is known of an order and of a handler when they are matched; plain values, no rows."""

from dataclasses import dataclass
from datetime import datetime

from app.dispatching.hours import Hours, Times
from app.orders.ticket.states import HandlerKind

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Errand:
    """What an order asks of whoever does it.

    `rank` is 0 for an emergency, 1 urgent, 2 green channel, 3 all others. `skills`: one of them is
    enough. `times` are the spans that suit the resident and are not over. `people` go together.
    `own` are those it is for and who placed it, `with_id` who has it or was asked already.
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
    """Somebody who may handle: where, with what skills, how busy.

    `serves` are the paths of the units whose orders he or she may claim or be given, `cleared` those
    whose confidential ones. `holding` counts open orders without suspended ones, `offered` offers that
    wait for an answer, `today` what was newly taken today. `hours` are the weeks by the unit they
    were given to.
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
        """Whether he or she is asked (a member or volunteer), or told (grid worker, staff)."""
        return self.kind in (HandlerKind.MEMBER, HandlerKind.VOLUNTEER)

    def may_serve(self, path: str) -> bool:
        """Whether orders of that unit may be given to the handler at all."""
        return any(path.startswith(root) for root in self.serves)

    def is_cleared(self, path: str) -> bool:
        """Whether confidential orders of that unit may."""
        return self.vetted or any(path.startswith(root) for root in self.cleared)

    def hours_at(self, path: str) -> list[Hours]:
        """The free hours that count for that unit."""
        return [hours for root, hours in self.hours if path.startswith(root)]


@dataclass(frozen=True, slots=True)
class Caps:
    """How many orders one may hold, and newly take in a day, at a unit."""

    open: int
    daily: int
