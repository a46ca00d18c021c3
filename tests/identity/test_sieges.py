"""Strangers slow down strangers alone: whoever has logged in from an address keeps the way."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.identity import jobs
from app.identity.models import KnownAddress, LoginFailure
from app.identity.queries import failures as reads
from app.kernel.database import session
from tests.conftest import Clock, count
from tests.identity.conftest import START, WRONG, Hire, code_of, fail, try_password

HOME, OTHER = "10.1.1.1", "10.2.2.2"
STRANGERS = [f"192.0.{number // 250}.{number % 250}" for number in range(1000)]
MOST_A_DAY = 110


def besiege(client: FlaskClient, username: str) -> int:
    """Wrong passwords from a thousand addresses; how many were looked at."""
    tries = [code_of(try_password(client, username, WRONG, address=one)) for one in STRANGERS]
    assert set(tries) == {(401, "session.bad_credentials"), (429, "session.locked")}
    return tries.count((401, "session.bad_credentials"))


def test_a_thousand_strangers_do_not_keep_anybody_out_of_a_known_address(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    hire("admin")
    assert try_password(client, "admin", address=HOME)[0] == 201
    assert besiege(client, "admin") == 10
    assert code_of(try_password(client, "admin", address=OTHER)) == (429, "session.locked")
    assert try_password(client, "admin", address=HOME)[0] == 201
    # That gives the strangers no new tries.
    assert code_of(try_password(client, "admin", WRONG, address=OTHER)) == (429, "session.locked")
    clock.set("2026-03-02T09:01:00+08:00")
    assert try_password(client, "admin", address=OTHER)[0] == 201


def test_without_known_addresses_the_siege_would_keep_everybody_out(
    client: FlaskClient, hire: Hire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail."""
    clock.set(START)
    hire("admin")
    assert try_password(client, "admin", address=HOME)[0] == 201
    monkeypatch.setattr(reads, "_is_known", lambda *_: False)
    besiege(client, "admin")
    assert try_password(client, "admin", address=HOME)[0] == 429


@pytest.mark.parametrize("username", ["admin", "nobody"])
def test_a_day_of_guessing_has_few_tries(
    client: FlaskClient, hire: Hire, clock: Clock, username: str
) -> None:
    """A minute is tried at each minute of a day, each time from another address."""
    clock.set(START)
    hire("admin")
    looked_at = 0
    for minute in range(24 * 60):
        clock.set(f"2026-03-{2 + minute // 1440:02}T{minute // 60:02}:{minute % 60:02}:00+08:00")
        answer = try_password(client, username, WRONG, address=STRANGERS[minute % 1000])
        looked_at += answer[0] == 401
    assert 90 < looked_at <= MOST_A_DAY


def test_at_a_known_address_only_its_own_failures_count(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    """And the wait there does not grow beyond a minute."""
    clock.set(START)
    hire("li")
    for address in (HOME, OTHER):
        assert try_password(client, "li", address=address)[0] == 201
    for minute in range(12):
        clock.set(f"2026-03-02T09:{minute:02}:00+08:00")
        for _ in range(10 if minute == 0 else 1):
            assert try_password(client, "li", WRONG, address=HOME)[0] == 401
        assert code_of(try_password(client, "li", address=HOME)) == (429, "session.locked")
        assert try_password(client, "li", address=OTHER)[0] == 201
    assert try_password(client, "li", address=STRANGERS[0])[0] == 201
    clock.set("2026-03-02T09:12:00+08:00")
    assert try_password(client, "li", address=HOME)[0] == 201


def test_a_known_address_is_one_persons(client: FlaskClient, hire: Hire) -> None:
    hire("li"), hire("wang")
    assert try_password(client, "li", address=HOME)[0] == 201
    fail("wang", 10)
    assert try_password(client, "wang", address=HOME)[0] == 429


def test_a_known_address_is_not_kept_out_by_a_flood_of_it(client: FlaskClient, hire: Hire) -> None:
    hire("li"), hire("wang")
    assert try_password(client, "li", address=HOME)[0] == 201
    for number in range(100):
        fail(f"name{number}", 1, address=HOME)
    refused = (429, "session.too_many_failures")
    assert code_of(try_password(client, "wang", address=HOME)) == refused
    assert try_password(client, "li", address=HOME)[0] == 201


@pytest.mark.parametrize(("day", "status"), [("2026-03-31", 201), ("2026-04-02", 429)])
def test_an_address_is_known_for_thirty_days(
    client: FlaskClient, hire: Hire, clock: Clock, day: str, status: int
) -> None:
    clock.set(START)
    hire("li")
    assert try_password(client, "li", address=HOME)[0] == 201
    clock.set(f"{day}T09:00:00+08:00")
    fail("li", 10)
    assert try_password(client, "li", address=HOME)[0] == status
    while jobs.forget_old_failures():
        pass
    assert count(KnownAddress) == (1 if status == 201 else 0)


def test_of_ipv6_the_network_counts(client: FlaskClient, hire: Hire) -> None:
    """A device takes a new address in it every day."""
    hire("li")
    assert try_password(client, "li", address="2001:db8:1:2::7")[0] == 201
    fail("li", 10)
    assert try_password(client, "li", address="2001:db8:1:2:3:4:5:6")[0] == 201
    assert try_password(client, "li", address="2001:db8:1:3::7")[0] == 429


def test_a_known_network_of_ipv6_has_one_lane(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    """A guesser in it takes a new address for each try, and has ten tries as at any known address."""
    clock.set(START)
    hire("admin")
    assert try_password(client, "admin", address="2001:db8:1:2::1")[0] == 201
    tries = [
        code_of(try_password(client, "admin", WRONG, address=f"2001:db8:1:2::{number:x}"))
        for number in range(2, 32)
    ]
    assert tries == [(401, "session.bad_credentials")] * 10 + [(429, "session.locked")] * 20
    clock.set("2026-03-02T09:01:00+08:00")
    assert try_password(client, "admin", address="2001:db8:1:2::ffff")[0] == 201
    # The log-in has forgiven what came from other addresses of its network.
    assert count(LoginFailure) == 0


def test_a_flood_from_a_network_of_ipv6_is_one(client: FlaskClient, hire: Hire) -> None:
    """Each failure comes from another address, and under another user name."""
    hire("li")
    for number in range(1, 101):
        try_password(client, f"name{number}", WRONG, address=f"2001:db8:1:2::{number:x}")
    refused = (429, "session.too_many_failures")
    assert code_of(try_password(client, "li", address="2001:db8:1:2::ffff")) == refused
    assert try_password(client, "li", address="2001:db8:1:3::1")[0] == 201


def test_ipv4_written_as_ipv6_is_not_one_network(client: FlaskClient, hire: Hire) -> None:
    """A server that listens for both kinds sees all of IPv4 so: a stranger there is a stranger."""
    hire("li")
    assert try_password(client, "li", address="::ffff:10.1.1.1")[0] == 201
    fail("li", 10)
    assert try_password(client, "li", address=HOME)[0] == 201
    assert try_password(client, "li", address="::ffff:10.2.2.2")[0] == 429


def test_no_address_stands_in_clear_among_the_known(client: FlaskClient, hire: Hire) -> None:
    hire("li")
    try_password(client, "li", address=HOME)
    (known,) = session.scalars(select(KnownAddress.address_index))
    assert HOME not in known
    assert count(LoginFailure) == 0
