"""Reads of failed log-ins: how long the next try must wait, and for whom."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, select

from app.identity import passwords
from app.identity.models import KnownAddress, LoginFailure
from app.identity.states import (
    ADDRESS_KNOWN_FOR,
    FAILURES_BEFORE_WAIT,
    FAILURES_BY_ADDRESS,
    FAILURES_COUNT_FOR,
    FIRST_WAIT,
    FLOOD_WINDOW,
    LONGEST_WAIT,
    LONGEST_WAIT_AT_HOME,
)
from app.kernel.clock import now
from app.kernel.crypto import blind_index
from app.kernel.database import session
from app.kernel.errors import TooMany
from app.kernel.networks import network_of


@dataclass(frozen=True, slots=True)
class Lane:
    """The failures that slow down one try: those that count together with it.

    In a familiar network they are the failures of the account from this network; elsewhere those of
    the account from all other networks. So strangers slow down strangers alone.
    """

    key: str
    network: str
    familiar: bool

    def counts(self) -> ColumnElement[bool]:
        """The condition that a LoginFailure counts in this lane."""
        same = and_(LoginFailure.account_key == self.key, LoginFailure.familiar == self.familiar)
        return and_(same, LoginFailure.address == self.network) if self.familiar else same

    def failure(self) -> LoginFailure:
        """The row that a wrong password leaves; the caller raises a refusal with it."""
        return LoginFailure(
            account_key=self.key, address=self.network, familiar=self.familiar, at=now()
        )


def account_key(username: str) -> str:
    """Returns the keyed hash under which failed log-ins of a user name are counted.

    The user name need not exist.
    """
    return blind_index(f"username:{passwords.username_key(username)}")


def log_in_lane(key: str, person_id: int | None, address: str) -> Lane:
    """Returns the lane of a log-in; `person_id` is None where the user name does not exist."""
    familiar = person_id is not None and _is_known(person_id, address)
    return Lane(key, network_of(address), familiar)


def session_lane(person_id: int, address: str) -> Lane:
    """Returns the lane of somebody who has a session and is asked for the password again.

    Nobody without a session can slow it down, and it slows down no log-in.
    """
    return Lane(blind_index(f"session:{person_id}"), network_of(address), familiar=False)


def address_index(person_id: int, address: str) -> str:
    """Returns the keyed hash by which the network of an address of a person is found.

    Two people in one network have different hashes.
    """
    return blind_index(f"address:{person_id}:{network_of(address)}")


def _is_known(person_id: int, address: str) -> bool:
    known = session.get(KnownAddress, (person_id, address_index(person_id, address)))
    return known is not None and known.last_at > now() - ADDRESS_KNOWN_FOR


def wait_of(lane: Lane) -> timedelta | None:
    """Returns how long a try in this lane must wait; None where it need not.

    While it must wait no failure is added, so more tries do not make the wait longer. The failures
    are counted from their rows, so that several processes count together.
    """
    moment = now()
    counted = select(func.count(), func.max(LoginFailure.at)).where(
        lane.counts(), LoginFailure.at > moment - FAILURES_COUNT_FOR
    )
    number, last = session.execute(counted).one()
    if number < FAILURES_BEFORE_WAIT:
        return None
    longest = LONGEST_WAIT_AT_HOME if lane.familiar else LONGEST_WAIT
    doublings = min(number - FAILURES_BEFORE_WAIT, 10)
    left: timedelta = last + min(FIRST_WAIT * 2**doublings, longest) - moment
    return left if left > timedelta(0) else None


def refuse_waiting(lane: Lane) -> None:
    """Raises TooMany `session.locked` while a try in this lane must wait, whatever the password."""
    left = wait_of(lane)
    if left is not None:
        raise TooMany(
            "session.locked",
            f"密码输错次数太多，请 {_minutes(left)} 分钟后再试，或请管理员解锁。",
            retry_after=_seconds(left),
        )


def refuse_flood(lane: Lane) -> None:
    """Raises TooMany `session.too_many_failures` after 100 failures from one network in 15 minutes.

    Failures under all user names count. A familiar and an empty network are never refused.
    """
    since = now() - FLOOD_WINDOW
    times = list(
        session.scalars(
            select(LoginFailure.at)
            .where(LoginFailure.address == lane.network, LoginFailure.at > since)
            .order_by(LoginFailure.at.desc())
            .limit(FAILURES_BY_ADDRESS)
        )
    )
    if lane.network and not lane.familiar and len(times) == FAILURES_BY_ADDRESS:
        left = times[-1] - since
        raise TooMany(
            "session.too_many_failures",
            f"这个网络上输错密码的次数太多，请 {_minutes(left)} 分钟后再试。",
            retry_after=_seconds(left),
        )


def _seconds(left: timedelta) -> int:
    return max(int(left.total_seconds()), 1)


def _minutes(left: timedelta) -> int:
    return max(-(-int(left.total_seconds()) // 60), 1)
