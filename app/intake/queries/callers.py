"""Who left a phone, and their open orders."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.orders.access.visible import orders_visible_to, under
from app.orders.ticket.models import Order
from app.orders.ticket.states import OPEN
from app.people.models import Person
from app.people.queries import ids_below, people_by_phone

_MOST = 20


@dataclass(frozen=True, slots=True)
class Known:
    """A person with the phone; `is_own`: the person belongs to one of the desk's units."""

    person: Person
    is_own: bool


def people_with(index: str, paths: Sequence[str]) -> list[Known]:
    """At most 20 people whose phone has this blind index, the newest first."""
    people = people_by_phone(index, limit=_MOST)
    own = ids_below([person.id for person in people], paths)
    return [Known(person, person.id in own) for person in people]


def open_orders_of(
    actor: Actor, paths: Sequence[str], index: str, person_ids: Sequence[int]
) -> list[Order]:
    """At most 20 open orders of these people, or with this phone, the newest first.

    Only orders of the units with these paths that the actor sees; no parts, and no anonymous ones:
    this answer would name their requester.
    """
    statement = orders_visible_to(actor).where(
        Order.status.in_(OPEN),
        Order.anonymous.is_(False),
        Order.parent_id.is_(None),
        under(Order.handling_path, tuple(paths)),
        Order.id.in_(
            select(Order.id)
            .where(or_(Order.contact_index == index, Order.requester_id.in_(person_ids)))
            .correlate(None)
        ),
    )
    return list(session.scalars(statement.order_by(Order.id.desc()).limit(_MOST)))
