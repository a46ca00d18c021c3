"""The guard: deny by default, and who the actor is behind a token."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule

from app.identity import service
from app.identity.guard import PUBLIC_ENDPOINTS
from app.identity.states import RevokedFor
from app.kernel.actor import current_actor
from app.kernel.database import transaction
from app.kernel.http import App
from tests.identity.conftest import SYSTEM, Entered, Hire, Town, bearer, log_in


def _requests(app: App) -> list[tuple[str, str]]:
    """Method and path of every endpoint that is not public."""
    adapter = app.url_map.bind("localhost")
    return [
        (method, adapter.build(rule.endpoint, _values(rule), method=method))
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in PUBLIC_ENDPOINTS
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def _values(rule: Rule) -> dict[str, Any]:
    """Something for each part of the path; an int is what the converters of ids want."""
    return {
        name: 1 if isinstance(converter, IntegerConverter) else "x"
        for name, converter in rule._converters.items()
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": "Basic bGk6eA=="},
        bearer("x" * 43),
    ],
)
def test_without_a_token_every_endpoint_is_shut(
    client: FlaskClient, app: App, headers: dict[str, str]
) -> None:
    tried = _requests(app)
    assert len(tried) > 20
    for method, path in tried:
        answer = client.open(path, method=method, headers=headers)
        assert (answer.status_code, answer.get_json().get("code")) == (401, "session.required"), (
            method,
            path,
        )
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.content_type == "application/problem+json"


def test_the_scheme_may_be_written_small(client: FlaskClient) -> None:
    token = log_in(client)["access_token"]
    assert client.get("/api/v1/me", headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_the_token_is_asked_for_before_the_shape(client: FlaskClient) -> None:
    assert client.post("/api/v1/me/consents", json={"nonsense": 1}).status_code == 401


def test_the_actor_carries_person_and_grants(
    app: App, hire: Hire, town: Town, entered: Entered, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = hire(role="dispatcher")
    headers = entered(person.id)
    seen: list[Any] = []

    def look(**_: Any) -> tuple[str, int]:
        seen.append(current_actor())
        return "", 204

    monkeypatch.setitem(app.view_functions, "me.get_me", look)
    assert app.test_client().get("/api/v1/me", headers=headers).status_code == 204
    actor = seen[0]
    assert (actor.person_id, actor.name, actor.is_system) == (person.id, "李建国", False)
    assert [(grant.role, grant.unit_id) for grant in actor.grants] == [("dispatcher", town.street)]
    assert actor.may("orders.dispatch", f"/{town.district}/{town.street}/")
    assert not actor.may("orders.dispatch", f"/{town.district}/{town.other_street}/")


def test_a_request_is_admitted_by_one_statement(
    app: App, hire: Hire, entered: Entered, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = entered(hire(role="dispatcher").id)
    monkeypatch.setitem(app.view_functions, "me.get_me", lambda: ("", 204))
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        assert app.test_client().get("/api/v1/me", headers=headers).status_code == 204
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert len(statements) == 1, statements


def test_a_revoked_session_is_shut_on_the_next_request(client: FlaskClient) -> None:
    body = log_in(client)
    headers = bearer(body["access_token"])
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    with transaction():
        service.revoke_sessions(SYSTEM, body["person"]["id"], RevokedFor.LOGGED_OUT)
    answer = client.get("/api/v1/me", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "session.expired")
