"""One-time codes at log-in: each works once."""

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.identity import service
from app.identity.models import Account, LoginFailure
from app.identity.service.codes import use_code
from app.kernel.clock import now
from app.kernel.database import session, transaction
from tests.conftest import Clock, count
from tests.identity.conftest import (
    PASSWORD,
    START,
    SYSTEM,
    WRONG,
    Headers,
    Hire,
    bearer,
    code_of,
    try_password,
)


def enrol(client: FlaskClient, headers: Headers) -> tuple[pyotp.TOTP, list[str]]:
    """A confirmed generator and its recovery codes."""
    body = {"current_password": PASSWORD}
    answer = client.post("/api/v1/me/totp", json=body, headers=headers)
    assert answer.status_code == 201
    generator = pyotp.parse_uri(answer.get_json()["uri"])
    assert isinstance(generator, pyotp.TOTP)
    assert generator.secret == answer.get_json()["secret"]
    confirmed = client.post(
        "/api/v1/me/totp/confirm", json={"otp": generator.at(now())}, headers=headers
    )
    assert confirmed.status_code == 200
    return generator, confirmed.get_json()["recovery_codes"]


@pytest.fixture
def doubly_safe(
    client: FlaskClient, hire: Hire, clock: Clock
) -> tuple[pyotp.TOTP, list[str], Headers]:
    """An account "li" with a generator, confirmed a minute ago."""
    clock.set(START)
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    generator, codes = enrol(client, headers)
    clock.set("2026-03-02T09:01:00+08:00")
    return generator, codes, headers


Safe = tuple[pyotp.TOTP, list[str], Headers]


def test_with_a_generator_the_password_is_not_enough(
    client: FlaskClient, doubly_safe: Safe
) -> None:
    assert code_of(try_password(client, "li")) == (401, "session.otp_required")
    assert count(LoginFailure) == 0
    assert code_of(try_password(client, "li", otp="000000")) == (401, "session.otp_wrong")
    assert count(LoginFailure) == 1
    assert try_password(client, "li", otp=doubly_safe[0].at(now()))[0] == 201


def test_a_code_works_once(client: FlaskClient, doubly_safe: Safe) -> None:
    code = doubly_safe[0].at(now())
    assert try_password(client, "li", otp=code)[0] == 201
    assert code_of(try_password(client, "li", otp=code)) == (401, "session.otp_wrong")


def test_the_code_of_the_confirmation_is_used_up(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    hire("li")
    generator, _ = enrol(client, bearer(try_password(client, "li")[1]["access_token"]))
    assert try_password(client, "li", otp=generator.at(now()))[0] == 401


def test_a_right_code_does_not_save_a_wrong_password(
    client: FlaskClient, doubly_safe: Safe
) -> None:
    code = doubly_safe[0].at(now())
    answer = try_password(client, "li", WRONG, otp=code)
    assert code_of(answer) == (401, "session.bad_credentials")
    assert try_password(client, "li", otp=code)[0] == 201


def test_wrong_codes_lock_the_account(client: FlaskClient, doubly_safe: Safe) -> None:
    for _ in range(10):
        assert try_password(client, "li", otp="000000")[0] == 401
    assert code_of(try_password(client, "li", otp=doubly_safe[0].at(now()))) == (
        429,
        "session.locked",
    )


def test_a_recovery_code_works_once(client: FlaskClient, doubly_safe: Safe) -> None:
    _, codes, _ = doubly_safe
    assert len(set(codes)) == 10
    assert try_password(client, "li", otp=codes[0].lower().replace("-", ""))[0] == 201
    assert code_of(try_password(client, "li", otp=codes[0])) == (401, "session.otp_wrong")
    assert try_password(client, "li", otp=codes[1])[0] == 201


def test_a_generator_counts_only_once_confirmed(client: FlaskClient, hire: Hire) -> None:
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    body = {"current_password": PASSWORD}
    secret = client.post("/api/v1/me/totp", json=body, headers=headers).get_json()["secret"]
    assert not use_code(
        SYSTEM, session.scalars(select(Account.person_id)).one(), pyotp.TOTP(secret).at(now())
    )
    assert try_password(client, "li")[0] == 201
    wrong = client.post("/api/v1/me/totp/confirm", json={"otp": "000000"}, headers=headers)
    assert (wrong.status_code, wrong.get_json()["code"]) == (422, "totp.wrong")
    assert client.post("/api/v1/me/totp", json=body, headers=headers).status_code == 201


def test_a_generator_is_not_replaced_but_removed(client: FlaskClient, doubly_safe: Safe) -> None:
    generator, _, headers = doubly_safe
    body = {"current_password": PASSWORD}
    again = client.post("/api/v1/me/totp", json=body, headers=headers)
    assert (again.status_code, again.get_json()["code"]) == (409, "totp.exists")
    wrong = client.post("/api/v1/me/totp/remove", json={**body, "otp": "000000"}, headers=headers)
    assert wrong.get_json()["code"] == "totp.wrong"
    removed = client.post(
        "/api/v1/me/totp/remove", json={**body, "otp": generator.at(now())}, headers=headers
    )
    assert removed.status_code == 204
    assert try_password(client, "li")[0] == 201


def test_a_generator_is_not_enrolled_without_the_password(client: FlaskClient, hire: Hire) -> None:
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    answer = client.post("/api/v1/me/totp", json={"current_password": WRONG}, headers=headers)
    assert answer.get_json()["code"] == "password.wrong"
    nothing = client.post("/api/v1/me/totp/confirm", json={"otp": "000000"}, headers=headers)
    assert nothing.get_json()["code"] == "totp.not_enrolled"


def test_a_reset_does_not_take_the_generator_off(client: FlaskClient, doubly_safe: Safe) -> None:
    person_id = session.scalars(select(Account.person_id)).one()
    with transaction():
        issued = service.reset_password(SYSTEM, person_id)
    assert code_of(try_password(client, "li", issued.one_time_password)) == (
        401,
        "session.otp_required",
    )
