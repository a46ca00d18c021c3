"""A fresh proof of identity: by what it is given, how long it holds, and what it opens."""

import pyotp
import pytest
from flask.testing import FlaskClient

from app.identity import service
from app.kernel.clock import now
from app.kernel.database import transaction
from tests.conftest import Clock
from tests.identity.conftest import (
    PASSWORD,
    START,
    SYSTEM,
    WRONG,
    Headers,
    Hire,
    bearer,
    log_in,
    try_password,
)
from tests.identity.test_codes import enrol

LATER = "2026-03-02T09:10:01+08:00"


def prove(client: FlaskClient, headers: Headers, **body: str) -> tuple[int, str]:
    """Status, and code of a refusal or the end of the proof."""
    answer = client.post("/api/v1/me/proof", json=body, headers=headers)
    found = answer.get_json()
    return answer.status_code, found.get("code") or found["proved_until"]


def step(client: FlaskClient, headers: Headers) -> str:
    """A sensitive step: the own data in clear; "" or the code of the refusal."""
    answer = client.get("/api/v1/me/export", headers=headers)
    return "" if answer.status_code == 200 else str(answer.get_json()["code"])


def test_a_log_in_is_a_proof_for_ten_minutes(client: FlaskClient, hire: Hire, clock: Clock) -> None:
    clock.set(START)
    hire("li")
    staff = bearer(try_password(client, "li")[1]["access_token"])
    resident = bearer(log_in(client)["access_token"])
    clock.set("2026-03-02T09:10:00+08:00")
    assert [step(client, who) for who in (staff, resident)] == ["", ""]
    clock.set(LATER)
    assert [step(client, who) for who in (staff, resident)] == ["proof.needed"] * 2


def test_renewing_the_tokens_is_none(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    tokens = log_in(client)
    clock.set(LATER)
    body = {"refresh_token": tokens["refresh_token"]}
    renewed = client.post("/api/v1/sessions/refresh", json=body).get_json()
    assert step(client, bearer(renewed["access_token"])) == "proof.needed"


def test_the_password_proves_it(client: FlaskClient, hire: Hire, clock: Clock) -> None:
    clock.set(START)
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    other = bearer(try_password(client, "li")[1]["access_token"])
    clock.set(LATER)
    assert prove(client, headers) == (422, "proof.password_needed")
    assert prove(client, headers, code="demo-resident-1") == (422, "proof.password_needed")
    assert prove(client, headers, password=WRONG) == (422, "password.wrong")
    assert step(client, headers) == "proof.needed"
    assert prove(client, headers, password=PASSWORD) == (200, "2026-03-02T09:20:01.000+08:00")
    assert step(client, headers) == ""
    # It holds for this log-in alone.
    assert step(client, other) == "proof.needed"
    clock.set("2026-03-02T09:20:02+08:00")
    assert step(client, headers) == "proof.needed"


def test_with_a_code_generator_a_code_is_needed_too(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    generator, recovery = enrol(client, headers)
    clock.set(LATER)
    assert prove(client, headers, password=PASSWORD) == (422, "proof.otp_needed")
    assert prove(client, headers, password=PASSWORD, otp="000000") == (422, "totp.wrong")
    assert step(client, headers) == "proof.needed"
    assert prove(client, headers, password=PASSWORD, otp=generator.at(now()))[0] == 200
    assert step(client, headers) == ""
    again = prove(client, headers, password=PASSWORD, otp=pyotp.TOTP(generator.secret).at(now()))
    assert again == (422, "totp.wrong")
    assert prove(client, headers, password=PASSWORD, otp=recovery[0])[0] == 200


def test_guessing_is_slow_and_keeps_nobody_out(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    for _ in range(10):
        assert prove(client, headers, password=WRONG) == (422, "password.wrong")
    assert prove(client, headers, password=PASSWORD) == (429, "session.locked")
    assert try_password(client, "li", address="10.7.7.7")[0] == 201


def test_a_resident_proves_it_by_wechat(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    headers = bearer(log_in(client, "demo-resident-1")["access_token"])
    log_in(client, "demo-resident-2")
    clock.set(LATER)
    assert prove(client, headers) == (422, "proof.wechat_needed")
    assert prove(client, headers, code="stolen") == (422, "wechat.bad_code")
    assert prove(client, headers, code="demo-resident-2") == (422, "proof.other_wechat")
    assert prove(client, headers, code="demo-resident-999") == (422, "proof.other_wechat")
    assert step(client, headers) == "proof.needed"
    assert prove(client, headers, code="demo-resident-1")[0] == 200
    assert step(client, headers) == ""


def test_the_phone_pages_take_the_proof_along(client: FlaskClient, clock: Clock) -> None:
    """A ticket opens a session; it is no proof of its own."""
    clock.set(START)
    headers = bearer(log_in(client)["access_token"])
    clock.set("2026-03-02T09:09:30+08:00")
    ticket = client.post("/api/v1/sessions/ticket", headers=headers).get_json()["ticket"]
    with transaction():
        issued = service.redeem_ticket(SYSTEM, ticket)
    assert step(client, bearer(issued.access_token)) == ""
    clock.set(LATER)
    assert step(client, bearer(issued.access_token)) == "proof.needed"


def test_no_code_of_wechat_is_used_up_in_vain(
    client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(START)
    headers = bearer(log_in(client)["access_token"])
    clock.set(LATER)
    monkeypatch.setattr("app.wechat.gateway.phone_number", lambda _: pytest.fail("was asked"))
    body = {"code": "demo-phone-13655550009"}
    answer = client.post("/api/v1/me/phone", json=body, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "proof.needed")
