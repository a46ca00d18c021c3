"""Reads all people who may handle orders of some units, with the facts that a matching needs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import selectinload

from app.dispatching.facts import Handler, Point
from app.dispatching.hours import Times
from app.dispatching.queries.errands import future_times
from app.dispatching.queries.spots import places_by_id, spot_of_place, spots_of_units
from app.dispatching.states import PAST, VISIT
from app.kernel.clock import local_midnight
from app.kernel.database import session
from app.kernel.permissions import permissions_of
from app.orders.ticket.models import Order, OrderAssignee, OrderEvent
from app.orders.ticket.states import ACTIVE, Action, HandlerKind, OrderStatus
from app.organisation.models import Place, Unit
from app.people.models import Person, Registration, RoleGrant
from app.people.queries import approved_registrations
from app.people.queries.scope import is_current
from app.people.states import PersonKind, PersonStatus

_ASSIGNED = {PersonKind.GRID_WORKER: HandlerKind.GRID, PersonKind.STAFF: HandlerKind.STAFF}
_ASSIGNED_KINDS = tuple(_ASSIGNED.values())


@dataclass(slots=True)
class _Powers:
    """Paths of the units where a person may claim, be assigned, and see confidential orders."""

    claim: list[str] = field(default_factory=list)
    handle: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Hands:
    """How many orders a person holds and is offered, and the spans of those whose time is known."""

    holding: int = 0
    offered: int = 0
    busy: list[Times] = field(default_factory=list)


def handlers_of(paths: Iterable[str], at: datetime) -> list[Handler]:
    """The active people who may handle orders of a unit with one of the paths, sorted by id.

    Only roles that are current at `at` count. The number of statements does not grow with the number
    of people.
    """
    powers = _powers_over(set(paths), at)
    # Loads the sealed names too: `masked_names` would read them one by one later.
    found = select(Person).where(Person.id.in_(powers)).options(selectinload(Person.detail))
    people = list(session.scalars(found.order_by(Person.id)))
    people = [person for person in people if _serves(person, powers[person.id])]
    ids = [person.id for person in people]
    reports = defaultdict(list)
    for registration in approved_registrations(ids):
        reports[registration.person_id].append(registration)
    ground = _Ground.of(people, [row for rows in reports.values() for row in rows])
    hands, today, past = _hands(ids, at), _taken_today(ids, at), _past(ids, at)
    return [
        Handler(
            id=person.id,
            kind=_kind(person),
            serves=tuple(_serves(person, powers[person.id])),
            cleared=tuple(powers[person.id].cleared),
            skills=frozenset(person.skills),
            vetted=person.vetted,
            away=person.is_away(at),
            blocked=person.offers_blocked_at is not None,
            spots=tuple(ground.spots(person, reports[person.id])),
            home_path=ground.home_path(person),
            hours=tuple(ground.hours(reports[person.id])),
            holding=hands[person.id].holding,
            offered=hands[person.id].offered,
            today=today[person.id],
            busy=tuple(hands[person.id].busy),
            completed=past[person.id, Action.COMPLETE],
            returned=past[person.id, Action.RETURN],
        )
        for person in people
    ]


def _powers_over(paths: set[str], at: datetime) -> dict[int, _Powers]:
    """The powers of active people by person id, from roles at one of the units or above it."""
    unit_ids = {int(step) for path in paths for step in path.split("/") if step}
    statement = (
        select(RoleGrant.person_id, RoleGrant.role_code, Unit.path)
        .join(Unit, Unit.id == RoleGrant.unit_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.unit_id.in_(unit_ids),
            Person.status == PersonStatus.ACTIVE,
            is_current(at),
        )
    )
    found: dict[int, _Powers] = defaultdict(_Powers)
    for person_id, role_code, path in session.execute(statement):
        powers, permissions = found[person_id], permissions_of(role_code)
        for permission, held in (
            ("orders.claim", powers.claim),
            ("orders.handle", powers.handle),
            ("orders.see_sensitive", powers.cleared),
        ):
            if permission in permissions:
                held.append(path)
    return dict(found)


def _serves(person: Person, powers: _Powers) -> list[str]:
    """Grid workers and staff are assigned (`orders.handle`), all others claim (`orders.claim`)."""
    return powers.handle if person.kind in _ASSIGNED else powers.claim


def _kind(person: Person) -> HandlerKind:
    volunteer = person.kind is PersonKind.VOLUNTEER
    return _ASSIGNED.get(person.kind, HandlerKind.VOLUNTEER if volunteer else HandlerKind.MEMBER)


@dataclass(frozen=True, slots=True)
class _Ground:
    """The places and units where people live and work.

    `places` are by place id, `units` are points by unit id, `paths` are unit paths by unit id.
    """

    places: dict[int, Place]
    units: dict[int, Point]
    paths: dict[int, str]

    @classmethod
    def of(cls, people: Sequence[Person], registrations: Sequence[Registration]) -> "_Ground":
        """Reads the homes of these people and the units of these registrations."""
        reported = {registration.unit_id for registration in registrations}
        homes = {p.home_unit_id for p in people if p.home_unit_id is not None}
        paths = session.execute(select(Unit.id, Unit.path).where(Unit.id.in_(reported)))
        return cls(
            places_by_id(p.home_place_id for p in people if p.home_place_id is not None),
            spots_of_units(homes | reported),
            {row.id: row.path for row in paths},
        )

    def home_path(self, person: Person) -> str:
        """The path of the person's home place; empty if it is unknown."""
        home = self.places.get(person.home_place_id or 0)
        return "" if home is None else home.path

    def spots(self, person: Person, registrations: Sequence[Registration]) -> Iterator[Point]:
        """The point of the home, or of the home unit, then the points of other units reported to."""
        place_id = person.home_place_id
        home = None if place_id is None else spot_of_place(place_id, self.places)
        home = home or self.units.get(person.home_unit_id or 0)
        if home is not None:
            yield home
        for registration in registrations:
            spot = self.units.get(registration.unit_id)
            # A person who reports to the home unit is found at home, not in the middle of the unit.
            if spot is not None and registration.unit_id != person.home_unit_id:
                yield spot

    def hours(self, registrations: Sequence[Registration]) -> Iterator[tuple[str, Any]]:
        """Pairs of a unit's path and the free hours that were given to this unit."""
        for registration in registrations:
            yield self.paths[registration.unit_id], registration.availability


def _hands(ids: Sequence[int], at: datetime) -> dict[int, _Hands]:
    held = and_(Order.holder_id.in_(ids), Order.status.in_(ACTIVE))
    offered = and_(Order.offered_to_id.in_(ids), Order.status == OrderStatus.DISPATCHED)
    statement = select(
        Order.holder_id, Order.offered_to_id, Order.appointed_at, Order.preferred_times
    ).where(or_(held, offered))
    found: dict[int, _Hands] = defaultdict(_Hands)
    for holder_id, offered_to_id, appointed_at, preferred in session.execute(statement):
        hands = found[holder_id or offered_to_id]
        hands.holding += holder_id is not None
        hands.offered += holder_id is None
        hands.busy += _engaged(appointed_at, preferred, at)
    return found


def _engaged(appointed_at: datetime | None, preferred: list[Any], at: datetime) -> list[Times]:
    """The span in which an order keeps its handler busy: the appointment, else the only preferred span.

    Empty if the resident prefers several spans, because nobody knows which one it will be.
    """
    if appointed_at is not None:
        return [(appointed_at, appointed_at + VISIT)]
    times = list(future_times(preferred, at))
    return times if len(times) == 1 else []


def _taken_today(ids: Sequence[int], at: datetime) -> Counter[int]:
    """The number of orders by person that were claimed, or assigned to grid and staff, since midnight."""
    statement = (
        select(OrderAssignee.person_id, func.count())
        .where(
            OrderAssignee.person_id.in_(ids),
            or_(OrderAssignee.by_claim, OrderAssignee.kind.in_(_ASSIGNED_KINDS)),
            OrderAssignee.since >= local_midnight(at),
        )
        .group_by(OrderAssignee.person_id)
    )
    found: Counter[int] = Counter()
    for person_id, number in session.execute(statement):
        found[person_id or 0] = number
    return found


def _past(ids: Sequence[int], at: datetime) -> Counter[tuple[int, Action]]:
    """How often each person has completed and returned an order in the last 90 days.

    It is shown to the dispatcher as a reason; people are never ranked in public by it.
    """
    statement = (
        select(OrderEvent.actor_id, OrderEvent.action, func.count())
        .where(
            OrderEvent.actor_id.in_(ids),
            OrderEvent.action.in_((Action.COMPLETE, Action.RETURN)),
            OrderEvent.happened_at >= at - PAST,
        )
        .group_by(OrderEvent.actor_id, OrderEvent.action)
    )
    found: Counter[tuple[int, Action]] = Counter()
    for person_id, action, number in session.execute(statement):
        found[person_id or 0, action] = number
    return found
