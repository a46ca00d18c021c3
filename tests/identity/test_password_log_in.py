"""Password log-in: unknown names, lock-out, limits by address."""

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import select

from app.identity import jobs, passwords
from app.identity.models import LoginFailure
from app.identity.queries import account_key
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.http import App
from app.people import service as people
from tests.conftest import Clock, count
from tests.identity.conftest import (
    PASSWORD,
    START,
    SYSTEM,
    WRONG,
    Hire,
    bearer,
    code_of,
    fail,
    try_password,
)


def test_staff_log_in_by_any_case_of_the_name(client: FlaskClient, hire: Hire) -> None:
    person = hire("Li.Jianguo", role="dispatcher")
    status, body = try_password(client, "li.JIANGUO")
    assert status == 201
    assert body["person"]["id"] == person.id
    assert body["person"]["username"] == "Li.Jianguo"
    assert [(held["role"], held["unit"]["name"]) for held in body["person"]["roles"]] == [
        ("dispatcher", "东街道")
    ]
    assert client.get("/api/v1/me", headers=bearer(body["access_token"])).status_code == 200


def test_a_wrong_password_leaves_a_row_and_no_session(client: FlaskClient, hire: Hire) -> None:
    hire("li")
    answer = try_password(client, "li", WRONG)
    assert code_of(answer) == (401, "session.bad_credentials")
    rows = list(session.scalars(select(LoginFailure)))
    assert [(row.account_key, row.address) for row in rows] == [(account_key("LI"), "127.0.0.1")]


def test_unknown_names_take_the_same_path(
    client: FlaskClient,
    hire: Hire,
    shipped_hasher: PasswordHasher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "_HASHER", shipped_hasher)
    hire("li")
    checked: list[str] = []

    def spy(password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return False

    monkeypatch.setattr(passwords, "password_matches", spy)
    known, unknown = try_password(client, "li", WRONG), try_password(client, "nobody", WRONG)
    for answer in (known, unknown):
        answer[1].pop("request_id")
    assert known == unknown
    assert len(checked) == 2
    assert checked[1] == passwords.DUMMY_HASH
    assert all(kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for kept in checked)
    assert count(LoginFailure) == 2


def test_the_dummy_opens_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "password_matches", lambda *_: True)
    assert code_of(try_password(client, "nobody")) == (401, "session.bad_credentials")


def test_an_account_of_someone_inactive_opens_nothing(client: FlaskClient, hire: Hire) -> None:
    person = hire("li")
    with transaction():
        people.deactivate_person(SYSTEM, person.id, "调离")
    assert code_of(try_password(client, "li")) == (403, "person.inactive")


@pytest.mark.parametrize("username", ["li", "nobody"])
def test_ten_failures_lock_known_and_unknown_names_alike(
    client: FlaskClient, hire: Hire, clock: Clock, username: str
) -> None:
    clock.set(START)
    hire("li")
    for _ in range(10):
        assert code_of(try_password(client, username, WRONG))[0] == 401
    clock.set("2026-03-02T09:05:00+08:00")
    answer = client.post(
        "/api/v1/sessions/password", json={"username": username, "password": PASSWORD}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (429, "session.locked")
    assert answer.headers["Retry-After"] == "600"
    assert "10 分钟" in answer.get_json()["detail"]
    assert count(LoginFailure) == 10


def test_the_lock_ends_after_fifteen_minutes(client: FlaskClient, hire: Hire, clock: Clock) -> None:
    clock.set(START)
    hire("li")
    fail("li", 10)
    clock.set("2026-03-02T09:14:59+08:00")
    assert try_password(client, "li")[0] == 429
    clock.set("2026-03-02T09:15:00+08:00")
    assert try_password(client, "li")[0] == 201


def test_after_a_lock_ten_more_failures_lock_again(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    hire("li")
    fail("li", 10)
    clock.set("2026-03-02T09:20:00+08:00")
    fail("li", 9)
    assert code_of(try_password(client, "li", WRONG)) == (401, "session.bad_credentials")
    assert code_of(try_password(client, "li")) == (429, "session.locked")


def test_failures_of_two_processes_add_up(client: FlaskClient, hire: Hire, clock: Clock) -> None:
    clock.set(START)
    hire("li")
    for _ in range(5):
        try_password(client, "li", WRONG)
        fail("li", 1, address="10.0.0.2")
    assert try_password(client, "li")[0] == 429


def test_more_than_ten_at_once_lock_from_the_tenth_on(
    client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    hire("li")
    fail("li", 10)
    clock.set("2026-03-02T09:01:00+08:00")
    fail("li", 3)
    clock.set("2026-03-02T09:15:00+08:00")
    assert try_password(client, "li", WRONG)[0] == 401


def test_success_starts_the_count_anew(client: FlaskClient, hire: Hire, clock: Clock) -> None:
    clock.set(START)
    hire("li")
    for _ in range(2):
        for _ in range(9):
            assert try_password(client, "li", WRONG)[0] == 401
        assert try_password(client, "li")[0] == 201


def test_a_lock_concerns_one_account(client: FlaskClient, hire: Hire) -> None:
    hire("li"), hire("wang")
    fail("li", 10)
    assert try_password(client, "li")[0] == 429
    assert try_password(client, "wang")[0] == 201


def test_one_address_cannot_try_many_names(client: FlaskClient, hire: Hire, clock: Clock) -> None:
    clock.set(START)
    hire("li")
    for number in range(100):
        fail(f"name{number}", 1, address="127.0.0.1")
    assert code_of(try_password(client, "li")) == (429, "session.too_many_failures")
    clock.set("2026-03-02T09:15:01+08:00")
    assert try_password(client, "li")[0] == 201


def test_failures_before_the_account_are_not_its_own(client: FlaskClient, hire: Hire) -> None:
    fail("li", 10)
    hire("li")
    assert try_password(client, "li")[0] == 201


def test_a_lock_that_comes_while_the_hash_is_computed_holds(
    client: FlaskClient, hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire("li")
    real = passwords.password_matches

    def slow(password_hash: str, password: str) -> bool:
        session.add_all(
            LoginFailure(account_key=account_key("li"), address="", at=now()) for _ in range(10)
        )
        session.flush()
        return real(password_hash, password)

    monkeypatch.setattr(passwords, "password_matches", slow)
    assert code_of(try_password(client, "li")) == (429, "session.locked")


def test_old_failures_are_forgotten(app: App, clock: Clock) -> None:
    clock.set(START)
    fail("li", 3)
    clock.set("2026-04-01T09:00:01+08:00")
    fail("li", 1)
    assert [jobs.forget_old_failures(2) for _ in range(3)] == [2, 1, 0]
    assert count(LoginFailure) == 1
