"""Listeners for changes of people and units that concern orders."""

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.orders.leaving import erasure, holders
from app.orders.leaving.exports import export_of
from app.organisation.events import UnitClosing, UnitMoved
from app.people.events import (
    AwayReturned,
    ExportRequested,
    MembershipEnded,
    PersonDeactivated,
    PersonErased,
    PersonLeaving,
    PhoneVerified,
    RoleEnded,
)
from app.people.queries import grants_of

_ACTOR = Actor.system("orders")


def on_membership_ended(event: MembershipEnded) -> None:
    """Gives back the orders and offers that the membership gave a right to."""
    holders.release_membership(_ACTOR, event.person_id, event.unit_path)


def on_role_ended(event: RoleEnded) -> None:
    """Gives back the orders that were assigned by the role; reports a unit without dispatcher."""
    holders.release_role(_ACTOR, event.person_id, event.role_code, event.unit_id)


def on_person_deactivated(event: PersonDeactivated) -> None:
    """Gives back all orders and offers of the person."""
    holders.release_all(_ACTOR, event.person_id)


def on_person_leaving(event: PersonLeaving) -> None:
    """Refuses while the person holds orders, unless staff force it; then gives them back."""
    holders.let_leave(_ACTOR, event.person_id, forced=event.forced)


def on_person_erased(event: PersonErased) -> None:
    """Erases the person from the orders."""
    erasure.forget_person(_ACTOR, event.person_id)


def on_unit_closing(event: UnitClosing) -> None:
    """Moves the orders to the successor; refuses where open orders have none."""
    holders.leave_unit(_ACTOR, event.unit_id, event.successor_unit_id)


def on_unit_moved(event: UnitMoved) -> None:
    """Writes the new path of the unit into the orders."""
    holders.follow_unit(_ACTOR, event.old_path, event.new_path)


def on_phone_verified(event: PhoneVerified) -> None:
    """Makes the person the requester of orders that staff entered for this phone."""
    holders.attach_orders(_ACTOR, event.person_id, event.phone_index)


def on_away_returned(event: AwayReturned) -> None:
    """Gives back all orders of a member who takes no orders for a time (暂不接单)."""
    person = Actor(event.person_id, "", grants_of(event.person_id, now()))
    holders.return_all(person)


def on_export_requested(event: ExportRequested) -> None:
    """Adds the part about orders to the person's copy of the own data."""
    event.parts["orders"] = export_of(event.person_id)
