"""Listeners for changes of people and units that concern orders."""

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.orders.leaving import erasure, holders, withdrawing
from app.orders.leaving.exports import export_of, names_in_orders_of
from app.organisation.events import ProviderAccountChanged, UnitClosing, UnitMoved
from app.people.events import (
    AwayReturned,
    ConsentWithdrawn,
    ExportRequested,
    MembershipEnded,
    PersonDeactivated,
    PersonErased,
    PersonLeaving,
    PhoneVerified,
    RoleEnded,
)
from app.people.queries import grants_of
from app.people.states import Document

_ACTOR = Actor.system("orders")


def on_membership_ended(event: MembershipEnded) -> None:
    """Gives back what the membership gave a right to."""
    holders.release_groundless(_ACTOR, event.person_id)


def on_consent_withdrawn(event: ConsentWithdrawn) -> None:
    """Removes the points of the person's orders, or lapses what a member has asked for."""
    if event.document is Document.EXACT_LOCATION:
        withdrawing.forget_points(_ACTOR, event.person_id)
    elif event.document is Document.PARTY_MEMBERSHIP:
        withdrawing.lapse_support(_ACTOR, event.person_id)


def on_role_ended(event: RoleEnded) -> None:
    """Gives back what the role gave a right to; reports a unit without dispatcher."""
    holders.release_role(_ACTOR, event.person_id, event.role_code, event.unit_id)


def on_person_deactivated(event: PersonDeactivated) -> None:
    """Gives back all orders and offers of the person, and lapses all requests."""
    holders.release_all(_ACTOR, event.person_id)


def on_person_leaving(event: PersonLeaving) -> None:
    """Refuses while the person holds orders, unless staff force it; then gives them back.

    Adds the names, phones and addresses in the person's orders.
    """
    holders.let_leave(_ACTOR, event.person_id, forced=event.forced)
    event.names.extend(names_in_orders_of(event.person_id))


def on_person_erased(event: PersonErased) -> None:
    """Erases the person from the orders."""
    index = event.phone_index
    erasure.forget_person(_ACTOR, event.person_id, event.naming, phone_index=index)


def on_unit_closing(event: UnitClosing) -> None:
    """Moves the orders to the successor; refuses where open orders have none."""
    holders.leave_unit(_ACTOR, event.unit_id, event.successor_unit_id)


def on_unit_moved(event: UnitMoved) -> None:
    """Writes the new path of the unit into the orders."""
    holders.follow_unit(_ACTOR, event.old_path, event.new_path)


def on_provider_account_changed(event: ProviderAccountChanged) -> None:
    """The orders that the outside unit holds go to its new account, or have none."""
    holders.keep_accounts(_ACTOR, event.provider_id, event.earlier_id)


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
