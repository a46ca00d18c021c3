"""What happens to orders when something happens to people or units."""

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.orders.leaving import erasure as forgetting
from app.orders.leaving import holders as leaving
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
    """What the member was offered or holds there goes back."""
    leaving.release_membership(_ACTOR, event.person_id, event.unit_path)


def on_role_ended(event: RoleEnded) -> None:
    """What was assigned goes back; the last dispatcher's orders fall to the unit above."""
    leaving.release_role(_ACTOR, event.person_id, event.role_code, event.unit_id)


def on_person_deactivated(event: PersonDeactivated) -> None:
    """Whoever may not act holds nothing."""
    leaving.release_all(_ACTOR, event.person_id)


def on_person_leaving(event: PersonLeaving) -> None:
    """Nobody leaves with orders in hand, unless staff force it: then they go back."""
    leaving.let_leave(_ACTOR, event.person_id, forced=event.forced)


def on_person_erased(event: PersonErased) -> None:
    """Words and contacts go; orders that somebody works on run on without requester."""
    forgetting.forget_person(_ACTOR, event.person_id)


def on_unit_closing(event: UnitClosing) -> None:
    """Open orders go to the successor, or the unit stays open."""
    leaving.leave_unit(_ACTOR, event.unit_id, event.successor_unit_id)


def on_unit_moved(event: UnitMoved) -> None:
    """Orders stay with their unit wherever it stands."""
    leaving.follow_unit(_ACTOR, event.old_path, event.new_path)


def on_phone_verified(event: PhoneVerified) -> None:
    """What staff have entered for this phone becomes the person's."""
    leaving.attach_orders(_ACTOR, event.person_id, event.phone_index)


def on_away_returned(event: AwayReturned) -> None:
    """One tap gives everything back."""
    person = Actor(event.person_id, "", grants_of(event.person_id, now()))
    leaving.return_all(person)


def on_export_requested(event: ExportRequested) -> None:
    """Orders and words belong to the copy of the own data."""
    event.parts["orders"] = export_of(event.person_id)
