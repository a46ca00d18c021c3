"""Jobs of the timetable: each call works one batch and returns how many orders it has worked."""

from app.kernel.actor import Actor
from app.kernel.database import is_sqlite
from app.orders.clockwork import timed


def _batch() -> int:
    return 50 if is_sqlite() else 500


def lapse_offers() -> int:
    """Takes back offers that nobody has answered in time."""
    return timed.lapse_offers(Actor.system("orders.lapse_offers"), limit=_batch())


def return_stale() -> int:
    """Reminds the holders of claimed orders without a sign of life, or takes these orders back."""
    return timed.return_stale(Actor.system("orders.return_stale"), limit=_batch())


def call_unclaimed() -> int:
    """Tells the desk, or later the backstop, of orders that nobody takes from the pool."""
    return timed.call_unclaimed(Actor.system("orders.call_unclaimed"), limit=_batch())


def resume_due() -> int:
    """Resumes orders whose pause is over."""
    return timed.resume_due(Actor.system("orders.resume_due"), limit=_batch())


def ask_again() -> int:
    """Asks requesters again who have not said whether the order is solved."""
    return timed.ask_again(Actor.system("orders.ask_again"), limit=_batch())


def close_unanswered() -> int:
    """Closes completed orders whose requester has not answered for a week."""
    return timed.close_unanswered(Actor.system("orders.close_unanswered"), limit=_batch())


def gather_parts() -> int:
    """Completes split orders whose parts are all settled."""
    return timed.gather_parts(Actor.system("orders.gather_parts"), limit=_batch())


def lapse_requests() -> int:
    """Lapses requests that nobody has answered in time."""
    return timed.lapse_requests(Actor.system("orders.lapse_requests"), limit=_batch())
