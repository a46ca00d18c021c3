"""Sessions: log-in by WeChat, renewal, theft, grace, log-out, tickets."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.identity import jobs, service
from app.identity.events import SessionStolen
from app.identity.models import LoginSession, Token, WechatAccount
from app.identity.states import RevokedFor, TokenKind
from app.kernel.actor import Actor
from app.kernel.crypto import hash_token
from app.kernel.database import session, transaction
from app.kernel.errors import Conflict, Unauthenticated
from app.kernel.events import listen
from app.kernel.http import App
from app.people.models import Person
from app.people.service import create_person, deactivate_person
from app.wechat import gateway
from app.wechat.gateway import WechatSession
from tests.conftest import Clock, count
from tests.identity.conftest import START, SYSTEM, Hire, bearer, log_in


def refresh(client: FlaskClient, token: str) -> Any:
    """The answer to a refresh token."""
    return client.post("/api/v1/sessions/refresh", json={"refresh_token": token})


def me(client: FlaskClient, token: str) -> Any:
    """The answer to an access token."""
    return client.get("/api/v1/me", headers=bearer(token))


@pytest.fixture
def stolen(app: App) -> Iterator[list[SessionStolen]]:
    """The thefts announced in this test."""
    heard: list[SessionStolen] = []
    listen(app, SessionStolen, heard.append)
    yield heard
    app.extensions["listeners"][SessionStolen].remove(heard.append)


def test_a_first_log_in_makes_a_person_without_any_data(client: FlaskClient) -> None:
    body = log_in(client)
    assert set(body) == {"access_token", "expires_at", "refresh_token", "person"}
    person = body["person"]
    assert (person["kind"], person["name"], person["phone"]) == ("resident", "", None)
    assert person["consents_needed"] == ["privacy", "service_terms"]
    assert me(client, body["access_token"]).get_json()["id"] == person["id"]


def test_the_same_openid_is_the_same_person(client: FlaskClient) -> None:
    first, second = log_in(client), log_in(client)
    assert first["person"]["id"] == second["person"]["id"]
    assert first["access_token"] != second["access_token"]
    assert log_in(client, "demo-resident-2")["person"]["id"] != first["person"]["id"]


def test_a_bad_code_makes_nobody(client: FlaskClient) -> None:
    before = count(Person)
    answer = client.post("/api/v1/sessions/wechat", json={"code": "stolen"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "wechat.bad_code")
    assert count(Person) == before


@pytest.mark.parametrize("body", [{}, {"code": 1}, {"code": "x", "more": 1}, {"code": ""}, [1]])
def test_a_body_of_the_wrong_shape_does_not_ask_wechat(
    client: FlaskClient, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "code_to_session", lambda _code: pytest.fail("asked"))
    assert client.post("/api/v1/sessions/wechat", json=body).status_code == 422


def test_an_openid_is_kept_sealed(client: FlaskClient) -> None:
    log_in(client)
    account = session.scalars(select(WechatAccount)).one()
    assert "demo-resident-1" not in f"{account.openid}{account.openid_index}"


def test_an_equal_unionid_is_the_same_person(app: App) -> None:
    first = service.log_in_wechat(SYSTEM, WechatSession("mini", "a", "u"))
    second = service.log_in_wechat(SYSTEM, WechatSession("official", "b", "u"))
    third = service.log_in_wechat(SYSTEM, WechatSession("official", "b"))
    assert first.person.id == second.person.id == third.person.id
    assert (
        service.log_in_wechat(SYSTEM, WechatSession("official", "a")).person.id != first.person.id
    )


def test_a_unionid_that_comes_later_is_kept(app: App) -> None:
    first = service.log_in_wechat(SYSTEM, WechatSession("mini", "a"))
    service.log_in_wechat(SYSTEM, WechatSession("mini", "a", "u"))
    session.flush()
    assert service.log_in_wechat(SYSTEM, WechatSession("h5", "b", "u")).person.id == first.person.id


def test_of_two_first_log_ins_at_once_one_makes_the_person(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival: list[int] = []

    def create_slowly(actor: Actor, **kwargs: Any) -> Person:
        if not rival:
            rival.append(0)
            rival[0] = service.log_in_wechat(SYSTEM, WechatSession("mini", "a")).person.id
        return create_person(actor, **kwargs)

    monkeypatch.setattr("app.people.service.create_person", create_slowly)
    before = count(Person)
    # The rival runs inside our savepoint, so its row must outlive the savepoint for this test.
    monkeypatch.setattr(session, "begin_nested", _Nothing)
    issued = service.log_in_wechat(SYSTEM, WechatSession("mini", "a"))
    assert issued.person.id == rival[0]
    assert count(WechatAccount) == 1
    assert count(Person) == before + 2


class _Nothing:
    def __enter__(self) -> "_Nothing":
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves everything as it is."""

    def rollback(self) -> None:
        """Rolls nothing back."""


def test_an_openid_is_attached_to_one_person_only(client: FlaskClient, hire: Hire) -> None:
    person, other = hire(), hire()
    with transaction():
        service.attach_wechat(SYSTEM, person.id, "sandbox-demo-member-1")
        service.attach_wechat(SYSTEM, person.id, "sandbox-demo-member-1")
    assert log_in(client, "demo-member-1")["person"]["id"] == person.id
    with pytest.raises(Conflict) as refused:
        service.attach_wechat(SYSTEM, other.id, "sandbox-demo-member-1")
    assert refused.value.code == "wechat.taken"


def test_tokens_are_kept_as_hashes(client: FlaskClient) -> None:
    body = log_in(client)
    kept = {token.hash: token.kind for token in session.scalars(select(Token))}
    assert kept == {
        hash_token(body["access_token"]): TokenKind.ACCESS,
        hash_token(body["refresh_token"]): TokenKind.REFRESH,
    }


def test_an_access_token_ends_after_two_hours(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    body = log_in(client)
    assert body["expires_at"] == "2026-03-02T11:00:00.000+08:00"
    clock.set("2026-03-02T10:59:59+08:00")
    assert me(client, body["access_token"]).status_code == 200
    clock.set("2026-03-02T11:00:00+08:00")
    answer = me(client, body["access_token"])
    assert (answer.status_code, answer.get_json()["code"]) == (401, "session.expired")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_refresh_token_rotates(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    first = log_in(client)
    clock.set("2026-03-20T09:00:00+08:00")
    answer = refresh(client, first["refresh_token"])
    assert answer.status_code == 201
    second = answer.get_json()
    assert second["person"]["id"] == first["person"]["id"]
    assert me(client, second["access_token"]).status_code == 200
    assert count(LoginSession) == 1
    clock.set("2026-04-19T08:59:59+08:00")
    assert refresh(client, second["refresh_token"]).status_code == 201


def test_a_refresh_token_ends_after_thirty_days(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    body = log_in(client)
    clock.set("2026-04-01T09:00:00+08:00")
    answer = refresh(client, body["refresh_token"])
    assert (answer.status_code, answer.get_json()["code"]) == (401, "session.expired")


def test_a_session_ends_after_half_a_year_however_often_renewed(
    client: FlaskClient, clock: Clock
) -> None:
    clock.set(START)
    token = log_in(client)["refresh_token"]
    for moment in ("2026-03-30", "2026-04-27", "2026-05-25", "2026-06-22", "2026-07-20"):
        clock.set(f"{moment}T09:00:00+08:00")
        token = refresh(client, token).get_json()["refresh_token"]
    clock.set("2026-08-16T09:00:00+08:00")
    token = refresh(client, token).get_json()["refresh_token"]
    clock.set("2026-08-29T09:00:00+08:00")
    assert refresh(client, token).status_code == 401


def test_a_lost_answer_is_given_again_for_a_minute(
    client: FlaskClient, clock: Clock, stolen: list[SessionStolen]
) -> None:
    clock.set(START)
    first = log_in(client)
    lost = refresh(client, first["refresh_token"]).get_json()
    clock.set("2026-03-02T09:01:00+08:00")
    again = refresh(client, first["refresh_token"])
    assert again.status_code == 201
    assert again.get_json()["refresh_token"] != lost["refresh_token"]
    assert me(client, again.get_json()["access_token"]).status_code == 200
    assert stolen == []


def test_a_used_token_later_is_theft_and_ends_the_session(
    client: FlaskClient, clock: Clock, stolen: list[SessionStolen]
) -> None:
    clock.set(START)
    first = log_in(client)
    second = refresh(client, first["refresh_token"]).get_json()
    clock.set("2026-03-02T09:01:01+08:00")
    answer = refresh(client, first["refresh_token"])
    assert (answer.status_code, answer.get_json()["code"]) == (401, "session.stolen")
    assert answer.content_type == "application/problem+json"
    assert me(client, second["access_token"]).status_code == 401
    assert refresh(client, second["refresh_token"]).get_json()["code"] == "session.expired"
    login = session.scalars(select(LoginSession)).one()
    assert login.revoked_for is RevokedFor.STOLEN
    assert [(event.person_id, event.session_id) for event in stolen] == [
        (first["person"]["id"], login.id)
    ]


def test_theft_ends_that_session_only(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    robbed, other = log_in(client), log_in(client)
    refresh(client, robbed["refresh_token"])
    clock.set("2026-03-02T09:05:00+08:00")
    refresh(client, robbed["refresh_token"])
    assert me(client, other["access_token"]).status_code == 200


def test_the_twin_of_a_lost_answer_does_not_live_on(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    first = log_in(client)
    twins = [refresh(client, first["refresh_token"]).get_json() for _ in range(2)]
    clock.set("2026-03-02T10:00:00+08:00")
    assert refresh(client, twins[0]["refresh_token"]).status_code == 201
    clock.set("2026-03-02T10:05:00+08:00")
    assert refresh(client, twins[1]["refresh_token"]).get_json()["code"] == "session.stolen"


@pytest.mark.parametrize("kind", ["access_token", "nonsense"])
def test_only_a_refresh_token_refreshes(client: FlaskClient, kind: str) -> None:
    body = {"nonsense": "x" * 43, **log_in(client)}
    assert refresh(client, body[kind]).status_code == 401


def test_a_refresh_token_opens_nothing(client: FlaskClient) -> None:
    answer = me(client, log_in(client)["refresh_token"])
    assert (answer.status_code, answer.get_json()["code"]) == (401, "session.required")


def test_log_out_kills_both_tokens_at_once(client: FlaskClient) -> None:
    body, other = log_in(client), log_in(client)
    headers = bearer(body["access_token"])
    answer = client.delete("/api/v1/sessions/current", headers=headers)
    assert (answer.status_code, answer.data) == (204, b"")
    assert me(client, body["access_token"]).get_json()["code"] == "session.expired"
    assert refresh(client, body["refresh_token"]).status_code == 401
    assert me(client, other["access_token"]).status_code == 200


def test_own_sessions_are_listed_and_closed_one_by_one(client: FlaskClient) -> None:
    here, there, stranger = log_in(client), log_in(client), log_in(client, "demo-resident-2")
    headers = bearer(here["access_token"])
    listed = client.get("/api/v1/sessions", headers=headers).get_json()
    assert len(listed["items"]) == 2 and listed["next_cursor"] is None
    newest = listed["items"][0]
    assert newest["channel"] == "wechat" and newest["device"].startswith("Werkzeug")
    assert client.delete(f"/api/v1/sessions/{newest['id']}", headers=headers).status_code == 204
    assert me(client, there["access_token"]).status_code == 401
    assert me(client, here["access_token"]).status_code == 200
    foreign = client.get("/api/v1/sessions", headers=bearer(stranger["access_token"])).get_json()
    for session_id in (foreign["items"][0]["id"], newest["id"], 10**9):
        assert client.delete(f"/api/v1/sessions/{session_id}", headers=headers).status_code == 404
    assert me(client, stranger["access_token"]).status_code == 200


def test_nobody_inactive_gets_in(client: FlaskClient, hire: Hire) -> None:
    person = hire()
    with transaction():
        service.attach_wechat(SYSTEM, person.id, "sandbox-demo-member-9")
    body = log_in(client, "demo-member-9")
    with transaction():
        deactivate_person(SYSTEM, person.id, "调离")
    assert me(client, body["access_token"]).status_code == 401
    assert refresh(client, body["refresh_token"]).status_code == 401
    answer = client.post("/api/v1/sessions/wechat", json={"code": "demo-member-9"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "person.inactive")


def test_a_ticket_opens_once_within_a_minute(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    body = log_in(client)
    headers = bearer(body["access_token"])
    answer = client.post("/api/v1/sessions/ticket", headers=headers)
    assert answer.status_code == 201
    issued = service.redeem_ticket(SYSTEM, answer.get_json()["ticket"])
    assert issued.person.id == body["person"]["id"]
    assert me(client, issued.access_token).status_code == 200
    with pytest.raises(Unauthenticated) as again:
        service.redeem_ticket(SYSTEM, answer.get_json()["ticket"])
    assert again.value.code == "session.ticket_invalid"
    late = client.post("/api/v1/sessions/ticket", headers=headers).get_json()["ticket"]
    clock.set("2026-03-02T09:01:00+08:00")
    for ticket in (late, body["access_token"], "x"):
        with pytest.raises(Unauthenticated) as refused:
            service.redeem_ticket(SYSTEM, ticket)
        assert refused.value.code == "session.ticket_invalid"


def test_dead_sessions_are_forgotten(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    log_in(client)
    assert jobs.forget_dead_sessions(500) == 0
    clock.set("2026-04-02T09:00:00+08:00")
    assert jobs.forget_dead_sessions(1) == 1
    assert jobs.forget_dead_sessions(500) == 1
    assert count(LoginSession) == 1
    clock.set("2026-10-02T09:00:00+08:00")
    assert jobs.forget_dead_sessions(500) == 1
    assert count(LoginSession) == 0
