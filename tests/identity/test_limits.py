"""How often one address or person may knock within a minute."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import Clock
from tests.identity.conftest import PASSWORD, START, Hire, bearer, log_in, try_password


def test_log_ins_of_an_address_are_limited_and_wrong_codes_count(
    client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(START)
    monkeypatch.setattr("app.identity.service.wechat_accounts.LOG_INS_BY_ADDRESS", 2)
    log_in(client)
    bad = client.post("/api/v1/sessions/wechat", json={"code": "stolen"})
    assert bad.get_json()["code"] == "wechat.bad_code"
    body = {"code": "demo-resident-1"}
    answer = client.post("/api/v1/sessions/wechat", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "rate.exceeded")
    assert int(answer.headers["Retry-After"]) == 60
    elsewhere = client.post(
        "/api/v1/sessions/wechat", json=body, environ_base={"REMOTE_ADDR": "10.9.9.9"}
    )
    assert elsewhere.status_code == 201
    clock.set("2026-03-02T09:01:00+08:00")
    log_in(client)


def test_renewals_of_an_address_are_limited(
    client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(START)
    monkeypatch.setattr("app.identity.service.sessions.RENEWALS_BY_ADDRESS", 1)
    token = log_in(client)["refresh_token"]
    path = "/api/v1/sessions/refresh"
    first = client.post(path, json={"refresh_token": token})
    assert first.status_code == 201
    body = {"refresh_token": first.get_json()["refresh_token"]}
    refused = client.post(path, json=body)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "rate.exceeded")
    clock.set("2026-03-02T09:01:00+08:00")
    assert client.post(path, json=body).status_code == 201


def test_confirmations_of_a_person_are_limited(
    client: FlaskClient, hire: Hire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(START)
    monkeypatch.setattr("app.identity.service.codes.CONFIRMATIONS_BY_PERSON", 0)
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    client.post("/api/v1/me/totp", json={"current_password": PASSWORD}, headers=headers)
    answer = client.post("/api/v1/me/totp/confirm", json={"otp": "123456"}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "rate.exceeded")
