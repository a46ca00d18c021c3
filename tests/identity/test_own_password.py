"""The own password: forced change, weak ones, other sessions."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.identity import service
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
    code_of,
    log_in,
    try_password,
)


def change(client: FlaskClient, headers: Headers, new: str, current: str = PASSWORD) -> Any:
    """The answer to PUT /me/password."""
    return client.put(
        "/api/v1/me/password",
        json={"current_password": current, "new_password": new},
        headers=headers,
    )


def test_a_first_password_is_good_for_nothing_but_a_new_one(
    client: FlaskClient, hire: Hire
) -> None:
    hire("li", role="dispatcher", must_change=True)
    _, body = try_password(client, "li")
    headers = bearer(body["access_token"])
    assert body["person"]["must_change_password"] is True
    assert client.get("/api/v1/me", headers=headers).get_json()["must_change_password"] is True
    for method, path in (
        ("get", "/api/v1/people"),
        ("get", "/api/v1/me/export"),
        ("get", "/api/v1/sessions"),
        ("post", "/api/v1/sessions/ticket"),
        ("delete", "/api/v1/me"),
    ):
        answer = client.open(path, method=method, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (
            403,
            "session.password_change_required",
        ), path
    answer = change(client, headers, "a-quiet-river-88")
    assert (answer.status_code, answer.get_json()["must_change_password"]) == (200, False)
    assert client.get("/api/v1/people", headers=headers).status_code == 200
    assert (
        try_password(client, "li", "a-quiet-river-88")[1]["person"]["must_change_password"] is False
    )


def test_who_must_change_may_log_out(client: FlaskClient, hire: Hire) -> None:
    hire("li", must_change=True)
    headers = bearer(try_password(client, "li")[1]["access_token"])
    assert client.delete("/api/v1/sessions/current", headers=headers).status_code == 204


def test_a_renewed_session_still_waits_for_the_new_password(
    client: FlaskClient, hire: Hire
) -> None:
    hire("li", must_change=True)
    _, body = try_password(client, "li")
    renewed = client.post(
        "/api/v1/sessions/refresh", json={"refresh_token": body["refresh_token"]}
    ).get_json()
    answer = client.get("/api/v1/people", headers=bearer(renewed["access_token"]))
    assert answer.get_json()["code"] == "session.password_change_required"


def test_a_first_password_ends_after_seven_days(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    hire("li", must_change=True)
    clock.set("2026-03-09T09:00:00+08:00")
    assert code_of(try_password(client, "li", WRONG)) == (401, "session.bad_credentials")
    assert code_of(try_password(client, "li")) == (401, "session.one_time_password_expired")


def test_a_change_ends_all_other_sessions(client: FlaskClient, hire: Hire) -> None:
    person = hire("li")
    with transaction():
        service.attach_wechat(SYSTEM, person.id, "sandbox-demo-member-1")
    here, there = (bearer(try_password(client, "li")[1]["access_token"]) for _ in range(2))
    phone = bearer(log_in(client, "demo-member-1")["access_token"])
    assert change(client, here, "a-quiet-river-88").status_code == 200
    assert client.get("/api/v1/me", headers=here).status_code == 200
    for headers in (there, phone):
        assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert try_password(client, "li")[0] == 401
    assert try_password(client, "li", "a-quiet-river-88")[0] == 201


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("short", "password.too_short"),
        ("password123", "password.too_common"),
        (PASSWORD, "password.unchanged"),
        ("li12345678", "password.is_username"),
    ],
)
def test_a_weak_new_password_changes_nothing(
    client: FlaskClient, hire: Hire, new: str, code: str
) -> None:
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    answer = change(client, headers, new)
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)
    assert "new_password" in answer.get_json()["errors"]
    assert try_password(client, "li")[0] == 201


def test_a_wrong_current_password_counts_and_locks(client: FlaskClient, hire: Hire) -> None:
    hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    for _ in range(10):
        answer = change(client, headers, "a-quiet-river-88", current=WRONG)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "password.wrong")
    assert change(client, headers, "a-quiet-river-88").get_json()["code"] == "session.locked"
    assert try_password(client, "li")[0] == 429


def test_who_has_no_password_cannot_change_it(client: FlaskClient) -> None:
    headers = bearer(log_in(client)["access_token"])
    assert change(client, headers, "a-quiet-river-88").get_json()["code"] == "account.none"
