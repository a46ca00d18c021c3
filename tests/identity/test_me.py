"""The own profile, phone, absence, copy and end; consents."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.identity import queries, service
from app.identity.events import ConsentWithdrawn
from app.identity.models import (
    Account,
    Consent,
    LoginFailure,
    LoginSession,
    RecoveryCode,
    Token,
    TotpSecret,
    WechatAccount,
)
from app.identity.states import CURRENT_VERSIONS, Document
from app.kernel.database import session, transaction
from app.kernel.errors import Forbidden
from app.kernel.http import App
from app.people import queries as people
from app.people.service import erase_person
from app.people.states import PersonStatus
from tests.conftest import Clock, count
from tests.identity.conftest import (
    PASSWORD,
    START,
    SYSTEM,
    WRONG,
    Headers,
    Hire,
    Town,
    bearer,
    log_in,
    try_password,
)
from tests.people.phones import owners_of

WINDOW = {"workday": [["18:00", "21:00"]], "rest_day": []}


@pytest.fixture
def resident(client: FlaskClient) -> Headers:
    """A resident who has agreed to nothing yet."""
    return bearer(log_in(client)["access_token"])


def agree(client: FlaskClient, headers: Headers, document: str = "privacy", **changed: Any) -> Any:
    """The answer to a yes."""
    body = {"document": document, "version": 1, "granted": True, **changed}
    return client.post("/api/v1/me/consents", json=body, headers=headers)


def put(client: FlaskClient, headers: Headers, body: Any, version: int | None = None) -> Any:
    """The answer to PUT /me, by default at the version of today."""
    if version is None:
        version = client.get("/api/v1/me", headers=headers).get_json()["version"]
    return client.put("/api/v1/me", json=body, headers={**headers, "If-Match": f'"{version}"'})


# --- profile ---


def test_me_carries_its_version(client: FlaskClient, resident: Headers) -> None:
    answer = client.get("/api/v1/me", headers=resident)
    assert answer.headers["ETag"] == f'"{answer.get_json()["version"]}"'
    assert answer.get_json()["message_window"]["workday"]
    assert (answer.get_json()["home_place"], answer.get_json()["away_until"]) == (None, None)


def test_a_change_keeps_what_it_does_not_name(
    client: FlaskClient, resident: Headers, town: Town
) -> None:
    agree(client, resident)
    first = put(client, resident, {"name": "王小明", "home_unit_id": town.street})
    assert first.status_code == 200
    second = put(client, resident, {"message_window": WINDOW})
    assert (second.get_json()["name"], second.get_json()["home_unit"]["name"]) == (
        "王小明",
        "东街道",
    )
    assert second.get_json()["message_window"] == WINDOW
    assert second.headers["ETag"] == f'"{second.get_json()["version"]}"'
    third = put(client, resident, {"home_unit_id": None, "message_window": None})
    assert (third.get_json()["name"], third.get_json()["home_unit"]) == ("王小明", None)
    assert third.get_json()["message_window"] != WINDOW


def test_a_change_needs_the_version(client: FlaskClient, resident: Headers) -> None:
    missing = client.put("/api/v1/me", json={"message_window": WINDOW}, headers=resident)
    assert missing.status_code == 428
    assert put(client, resident, {"message_window": WINDOW}, version=999).status_code == 412


def test_a_name_is_kept_only_with_consent(client: FlaskClient, resident: Headers) -> None:
    answer = put(client, resident, {"name": "王小明"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "consent.required")
    assert put(client, resident, {"name": "", "message_window": WINDOW}).status_code == 200
    agree(client, resident)
    assert put(client, resident, {"name": "王小明"}).get_json()["name"] == "王小明"


def test_an_unknown_field_changes_nothing(client: FlaskClient, resident: Headers) -> None:
    answer = put(client, resident, {"kind": "staff"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "field.unknown")


def test_a_verified_phone_is_kept_masked(client: FlaskClient, resident: Headers) -> None:
    body = {"code": "demo-phone-13987650001"}
    refused = client.post("/api/v1/me/phone", json=body, headers=resident)
    assert refused.get_json()["code"] == "consent.required"
    agree(client, resident)
    answer = client.post("/api/v1/me/phone", json=body, headers=resident)
    assert (answer.status_code, answer.get_json()["phone"]) == (200, "139****0001")
    assert owners_of("13987650001") == [answer.get_json()["id"]]
    bad = client.post("/api/v1/me/phone", json={"code": "x"}, headers=resident)
    assert bad.get_json()["code"] == "wechat.bad_code"


def test_away_and_back(client: FlaskClient, resident: Headers, clock: Clock) -> None:
    clock.set(START)
    headers = bearer(log_in(client)["access_token"])
    until = "2026-03-05T09:00:00.000+08:00"
    away = client.post("/api/v1/me/away", json={"until": until}, headers=headers)
    assert (away.status_code, away.get_json()["away_until"]) == (200, until)
    past = client.post("/api/v1/me/away", json={"until": START}, headers=headers)
    assert past.status_code == 422
    naive = client.post("/api/v1/me/away", json={"until": "2026-03-05T09:00:00"}, headers=headers)
    assert naive.get_json()["code"] == "time.zone_missing"
    back = client.post("/api/v1/me/away", json={"until": None}, headers=headers)
    assert back.get_json()["away_until"] is None


def test_an_absence_that_is_over_is_not_shown(client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    headers = bearer(log_in(client)["access_token"])
    client.post("/api/v1/me/away", json={"until": "2026-03-02T09:30:00+08:00"}, headers=headers)
    clock.set("2026-03-02T09:31:00+08:00")
    assert client.get("/api/v1/me", headers=headers).get_json()["away_until"] is None


# --- consents ---


def test_documents_are_listed_before_they_are_answered(
    client: FlaskClient, resident: Headers
) -> None:
    listed = client.get("/api/v1/me/consents", headers=resident).get_json()
    assert listed["next_cursor"] is None
    assert [(c["document"], c["needed"], c["granted"]) for c in listed["items"]] == [
        ("privacy", True, False),
        ("service_terms", True, False),
        ("party_membership", False, False),
        ("exact_location", False, False),
    ]
    assert listed["items"][0] == {
        "id": None,
        "document": "privacy",
        "title": "隐私政策",
        "version": None,
        "granted": False,
        "at": None,
        "current_version": 1,
        "needed": True,
    }


def test_the_last_word_counts_and_every_word_stays(client: FlaskClient, resident: Headers) -> None:
    for granted in (True, False, True):
        assert agree(client, resident, granted=granted).status_code == 201
        me = client.get("/api/v1/me", headers=resident).get_json()
        assert ("privacy" in me["consents_needed"]) is not granted
        assert queries.has_consent(me["id"], Document.PRIVACY) is granted
    assert count(Consent) == 3
    listed = client.get("/api/v1/me/consents", headers=resident).get_json()["items"]
    assert (listed[0]["version"], listed[0]["granted"]) == (1, True)


def test_a_new_text_asks_again(
    client: FlaskClient, resident: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(client, resident)
    monkeypatch.setitem(CURRENT_VERSIONS, Document.PRIVACY, 2)
    me = client.get("/api/v1/me", headers=resident).get_json()
    assert me["consents_needed"] == ["privacy", "service_terms"]
    with pytest.raises(Forbidden) as refused:
        queries.require_consent(me["id"], Document.PRIVACY)
    assert refused.value.code == "consent.required"
    old = agree(client, resident, version=1)
    assert (old.status_code, old.get_json()["code"]) == (409, "consent.outdated")
    assert agree(client, resident, version=1, granted=False).status_code == 201
    assert agree(client, resident, version=2).status_code == 201
    queries.require_consent(me["id"], Document.PRIVACY)


@pytest.mark.parametrize("version", [0, 2])
def test_an_unknown_version_is_refused(
    client: FlaskClient, resident: Headers, version: int
) -> None:
    answer = agree(client, resident, version=version)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "consent.version_unknown")


def test_a_withdrawn_consent_is_announced(
    app: App, client: FlaskClient, resident: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setitem(app.extensions["listeners"], ConsentWithdrawn, [heard.append])
    agree(client, resident, "exact_location")
    assert heard == []
    agree(client, resident, "exact_location", granted=False)
    assert [event.document for event in heard] == [Document.EXACT_LOCATION]


def test_a_repeated_consent_is_one(client: FlaskClient, resident: Headers) -> None:
    headers = {**resident, "Idempotency-Key": "k1"}
    first, second = agree(client, headers), agree(client, headers)
    assert (first.status_code, first.get_json()) == (second.status_code, second.get_json())
    assert count(Consent) == 1


def test_a_foreign_consent_is_not_there(client: FlaskClient, resident: Headers) -> None:
    agree(client, resident)
    other = bearer(log_in(client, "demo-resident-2")["access_token"])
    listed = client.get("/api/v1/me/consents", headers=other).get_json()["items"]
    assert not any(item["granted"] for item in listed)


# --- copy and end ---


def test_the_copy_holds_log_ins_and_consents_but_no_secrets(
    client: FlaskClient, resident: Headers
) -> None:
    agree(client, resident)
    parts = client.get("/api/v1/me/export", headers=resident).get_json()["parts"]
    assert parts["identity"]["wechat_accounts"][0]["openid"] == "sandbox-demo-resident-1"
    assert parts["identity"]["consents"][0]["document"] == "privacy"
    assert len(parts["identity"]["sessions"]) == 1
    assert parts["people"]["kind"] == "resident"
    for token in session.scalars(select(Token.hash)):
        assert token not in str(parts)


def test_erasure_leaves_consents_and_an_anonymous_row(
    client: FlaskClient, resident: Headers
) -> None:
    agree(client, resident)
    person_id = client.get("/api/v1/me", headers=resident).get_json()["id"]
    answer = client.delete("/api/v1/me", headers=resident)
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get("/api/v1/me", headers=resident).get_json()["code"] == "session.required"
    for model in (LoginSession, Token, WechatAccount):
        assert count(model) == 0
    assert count(Consent) == 1
    assert people.get_person(person_id).status is PersonStatus.ERASED
    assert log_in(client)["person"]["id"] != person_id


def test_erasure_deletes_every_way_to_log_in(client: FlaskClient, hire: Hire, clock: Clock) -> None:
    clock.set(START)
    person, other = hire("li"), hire("wang")
    try_password(client, "li", WRONG)
    headers = bearer(try_password(client, "li")[1]["access_token"])
    client.post("/api/v1/me/totp", json={"current_password": PASSWORD}, headers=headers)
    with transaction():
        session.add(RecoveryCode(code_hash="x", person_id=person.id))
        service.attach_wechat(SYSTEM, person.id, "sandbox-demo-member-1")
    assert (count(TotpSecret), count(LoginFailure)) == (1, 1)
    with transaction():
        erase_person(SYSTEM, person.id)
    for model in (LoginSession, Token, TotpSecret, RecoveryCode, WechatAccount, LoginFailure):
        assert count(model) == 0, model
    assert list(session.scalars(select(Account.person_id))) == [other.id]
    assert try_password(client, "li")[0] == 401


def test_an_openid_can_be_read_back_for_sending(app: App, hire: Hire) -> None:
    person = hire()
    assert queries.openid_of(person.id, "sandbox") is None
    service.attach_wechat(SYSTEM, person.id, "sandbox-demo-member-1")
    assert queries.openid_of(person.id, "sandbox") == "sandbox-demo-member-1"
    assert queries.openid_of(person.id, "other") is None
