"""Failed log-ins are forgiven, and addresses become known; both are forgotten after 30 days."""

from sqlalchemy import delete, select, tuple_

from app.identity import queries
from app.identity.models import KnownAddress, LoginFailure
from app.identity.states import ADDRESS_KNOWN_FOR, FAILURES_KEPT
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session


def forgive_failures(actor: Actor, key: str, network: str | None = None) -> None:
    """Deletes the failures under a key: those from this network, or from all (None)."""
    statement = delete(LoginFailure).where(LoginFailure.account_key == key)
    if network is not None:
        statement = statement.where(LoginFailure.address == network)
    session.execute(statement)


def welcome(actor: Actor, person_id: int, lane: queries.Lane) -> None:
    """Keeps the network of a log-in that has succeeded as known, and forgives its failures.

    Failures from other networks go on counting: a log-in at home gives guessers no new tries.
    """
    forgive_failures(actor, lane.key, lane.network)
    if lane.network:
        index = queries.address_index(person_id, lane.network)
        session.merge(KnownAddress(person_id=person_id, address_index=index, last_at=now()))


def forget_old_failures(actor: Actor, limit: int) -> int:
    """Deletes failures and known addresses of more than 30 days ago, at most `limit` of each.

    Returns how many rows were deleted.
    """
    old = select(LoginFailure.id).where(LoginFailure.at < now() - FAILURES_KEPT).limit(limit)
    failures = list(session.scalars(old))
    session.execute(delete(LoginFailure).where(LoginFailure.id.in_(failures)))
    key = (KnownAddress.person_id, KnownAddress.address_index)
    left = select(*key).where(KnownAddress.last_at < now() - ADDRESS_KNOWN_FOR).limit(limit)
    addresses = [tuple(row) for row in session.execute(left)]
    session.execute(delete(KnownAddress).where(tuple_(*key).in_(addresses)))
    return len(failures) + len(addresses)
