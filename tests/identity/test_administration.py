"""Accounts as administrators and the operator manage them."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.identity import commands, service
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.http import App
from app.notifications.models import OutboxMessage
from app.people import service as people
from app.people.models import Person, RoleGrant
from app.people.queries import grants_of
from tests.identity.conftest import (
    PASSWORD,
    SYSTEM,
    Entered,
    Headers,
    Hire,
    Town,
    bearer,
    fail,
    try_password,
)


@pytest.fixture
def admin(hire: Hire, town: Town, entered: Entered) -> Headers:
    """The administrator of the eastern street."""
    return entered(hire(role="admin").id)


def test_an_administrator_opens_an_account_and_shows_its_password_once(
    client: FlaskClient, hire: Hire, admin: Headers
) -> None:
    person = hire()
    path = f"/api/v1/people/{person.id}/account"
    assert client.get(path, headers=admin).status_code == 404
    answer = client.post(path, json={"username": "王芳"}, headers=admin)
    assert answer.status_code == 201
    first = answer.get_json()["one_time_password"]
    status, body = try_password(client, "王芳", first)
    assert (status, body["person"]["must_change_password"]) == (201, True)
    seen = client.get(path, headers=admin).get_json()
    assert (seen["username"], seen["must_change_password"], seen["is_locked"]) == (
        "王芳",
        True,
        False,
    )
    assert first not in str(seen)
    again = client.post(path, json={"username": "other"}, headers=admin)
    assert (again.status_code, again.get_json()["code"]) == (409, "account.exists")


def test_a_user_name_is_taken_in_any_case(app: App, hire: Hire) -> None:
    hire("Wang")
    other = hire()
    with pytest.raises(Conflict) as refused:
        service.create_account(SYSTEM, other.id, "wANG", PASSWORD)
    assert refused.value.code == "account.username_taken"


@pytest.mark.parametrize("username", ["a", "a b c", "x" * 41, "a/b/c", "a\nb"])
def test_odd_user_names_are_refused(app: App, hire: Hire, username: str) -> None:
    with pytest.raises(Invalid) as refused:
        service.create_account(SYSTEM, hire().id, username, PASSWORD)
    assert refused.value.code == "account.bad_username"


def test_a_reset_ends_all_sessions(client: FlaskClient, hire: Hire, admin: Headers) -> None:
    person = hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    answer = client.post(f"/api/v1/people/{person.id}/account/reset", headers=admin)
    assert answer.status_code == 200
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert try_password(client, "li")[0] == 401
    assert try_password(client, "li", answer.get_json()["one_time_password"])[0] == 201


def test_an_administrator_unlocks(client: FlaskClient, hire: Hire, admin: Headers) -> None:
    person = hire("li")
    fail("li", 10)
    path = f"/api/v1/people/{person.id}/account"
    assert client.get(path, headers=admin).get_json()["is_locked"] is True
    answer = client.post(f"{path}/unlock", headers=admin)
    assert (answer.status_code, answer.get_json()["is_locked"]) == (200, False)
    assert try_password(client, "li")[0] == 201


ACTIONS = [("get", ""), ("post", ""), ("post", "/reset"), ("post", "/unlock")]


def knock(client: FlaskClient, headers: Headers, person: Person) -> set[tuple[int, str]]:
    """What all account endpoints answer about a person."""
    answers = set()
    for method, end in ACTIONS:
        body = {"username": "intruder"} if (method, end) == ("post", "") else None
        answer = client.open(
            f"/api/v1/people/{person.id}/account{end}", method=method, json=body, headers=headers
        )
        answers.add((answer.status_code, answer.get_json().get("code", "")))
    return answers


def test_who_is_above_the_administrator_is_out_of_reach(
    client: FlaskClient, hire: Hire, admin: Headers, town: Town
) -> None:
    boss = hire("boss", role="district_officer", unit_id=town.district)
    assert knock(client, admin, boss) == {(404, "not_found")}


def test_one_role_above_is_enough_to_be_out_of_reach(
    client: FlaskClient, hire: Hire, admin: Headers, town: Town
) -> None:
    from_here = hire("li", role="dispatcher")
    with transaction():
        people.grant_role(SYSTEM, from_here.id, "district_officer", town.district)
    assert knock(client, admin, from_here) == {(403, "account.may_not_edit")}


@pytest.mark.parametrize("begins_later", [False, True])
@pytest.mark.parametrize("role", ["grid_worker", "dispatcher", "leader", "street_officer"])
def test_nobody_becomes_who_may_do_more(
    client: FlaskClient, hire: Hire, admin: Headers, town: Town, role: str, begins_later: bool
) -> None:
    officer, newcomer = hire("officer"), hire()
    since = now() + timedelta(days=1) if begins_later else None
    with transaction():
        for person in (officer, newcomer):
            people.grant_role(SYSTEM, person.id, role, town.street, since=since)
    path = "/api/v1/people/{}/account"
    for target in (f"{path.format(officer.id)}/reset", path.format(newcomer.id)):
        body = None if target.endswith("reset") else {"username": "intruder"}
        answer = client.post(target, json=body, headers=admin)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "account.may_not_edit")
    assert try_password(client, "officer")[0] == 201
    assert client.post(f"{path.format(officer.id)}/unlock", headers=admin).status_code == 200


def test_a_past_post_is_no_hindrance(
    client: FlaskClient, hire: Hire, admin: Headers, town: Town
) -> None:
    person = hire("li", role="dispatcher")
    path = f"/api/v1/people/{person.id}/account/reset"
    assert client.post(path, headers=admin).status_code == 403
    with transaction():
        grant = session.scalars(select(RoleGrant).where(RoleGrant.person_id == person.id)).one()
        people.end_role(SYSTEM, grant.id)
    assert client.post(path, headers=admin).status_code == 200


def test_nobody_takes_the_codes_off_who_may_do_more(app: App, hire: Hire, town: Town) -> None:
    officer, chief = hire("officer", role="street_officer"), hire(role="admin")
    admin = Actor(chief.id, "admin", grants_of(chief.id, now()))
    with pytest.raises(Forbidden) as refused:
        service.forget_totp(admin, officer.id)
    assert refused.value.code == "account.may_not_edit"
    service.forget_totp(SYSTEM, officer.id)


def test_the_audit_of_the_unit_shows_what_was_done_to_accounts(
    client: FlaskClient, hire: Hire, admin: Headers, entered: Entered
) -> None:
    person = hire()
    path = f"/api/v1/people/{person.id}/account"
    client.post(path, json={"username": "li"}, headers=admin)
    for verb in ("reset", "unlock"):
        client.post(f"{path}/{verb}", headers=admin)
    watcher = entered(hire(role="leader").id)
    query = f"/api/v1/audit?subject_id={person.id}&subject_kind=person"
    rows = client.get(query, headers=watcher).get_json()["items"]
    assert {row["action"] for row in rows} >= {
        "account.created",
        "account.password_reset",
        "account.unlocked",
    }


def test_who_gets_a_password_is_told(client: FlaskClient, hire: Hire, admin: Headers) -> None:
    person = hire()
    path = f"/api/v1/people/{person.id}/account"
    told = select(OutboxMessage.moment).where(OutboxMessage.recipient_id == person.id)
    client.post(path, json={"username": "li"}, headers=admin)
    assert session.scalars(told).all() == ["identity.password_given"]
    client.post(f"{path}/reset", headers=admin)
    assert session.scalars(told).all() == ["identity.password_given"] * 2


def test_a_neighbour_is_out_of_sight(
    client: FlaskClient, hire: Hire, admin: Headers, town: Town
) -> None:
    neighbour = hire("wang", role="dispatcher", unit_id=town.other_street)
    assert knock(client, admin, neighbour) == {(404, "not_found")}


@pytest.mark.parametrize("role", ["dispatcher", "leader", "street_officer"])
def test_other_staff_do_not_administer_accounts(
    client: FlaskClient, hire: Hire, entered: Entered, role: str
) -> None:
    person, headers = hire("li", role="grid_worker"), entered(hire(role=role).id)
    assert knock(client, headers, person) == {(403, "account.may_not_edit")}


def test_the_operator_resets_and_unlocks(app: App, client: FlaskClient, hire: Hire) -> None:
    hire("li")
    fail("li", 10)
    runner = app.test_cli_runner()
    assert runner.invoke(commands.accounts, ["unlock", "LI"]).exit_code == 0
    assert try_password(client, "li")[0] == 201
    reset = runner.invoke(commands.accounts, ["reset-password", "li"])
    assert reset.exit_code == 0
    password = reset.output.strip().rsplit("：", 1)[1]
    assert try_password(client, "li", password)[1]["person"]["must_change_password"] is True
    unknown = runner.invoke(commands.accounts, ["unlock", "nobody"])
    assert unknown.exit_code == 1 and "nobody" in unknown.output
