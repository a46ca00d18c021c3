"""Where the installation asks for it, whoever administers does nothing without a code generator."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import config as configuration
from app import collect_permissions
from app.identity import service
from app.kernel.database import transaction
from app.kernel.http import App
from app.people import service as people
from app.people.roles import ROLES
from tests.identity.conftest import (
    PASSWORD,
    SYSTEM,
    Hire,
    Town,
    bearer,
    log_in,
    try_password,
)
from tests.identity.test_codes import enrol
from tests.kernel.test_throttle import _settings

ADMINISTERING = {"organisation.edit", "roles.grant", "roles.define", "accounts.edit"}
BY_ROLE = collect_permissions().by_role
WHO = [(role.code, bool(BY_ROLE[role.code] & ADMINISTERING)) for role in ROLES]


@pytest.fixture
def asked(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production."""
    monkeypatch.setitem(app.config, "ADMIN_SECOND_FACTOR", True)


def test_what_administers() -> None:
    assert collect_permissions().administering == ADMINISTERING


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(("role", "administers"), WHO)
def test_each_role(
    client: FlaskClient, town: Town, hire: Hire, role: str, administers: bool
) -> None:
    hire("li", role=role)
    headers = bearer(try_password(client, "li")[1]["access_token"])
    answer = client.get("/api/v1/inbox", headers=headers)
    if not administers:
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.get_json()["code"]) == (403, "totp.required")
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    enrol(client, headers)
    assert client.get("/api/v1/inbox", headers=headers).status_code == 200


@pytest.mark.usefixtures("asked")
def test_who_logs_in_by_wechat_only_is_told_to_get_an_account_first(
    client: FlaskClient, town: Town
) -> None:
    """By both refusals in the same words; with the account the way is open."""
    entered = log_in(client)
    person_id, headers = entered["person"]["id"], bearer(entered["access_token"])
    with transaction():
        people.grant_role(SYSTEM, person_id, "leader", town.street)
    words = "请先请管理员为您开通用户名和密码，再开通动态码。"
    refused = client.get("/api/v1/inbox", headers=headers)
    assert _said(refused) == (403, "totp.required", words)
    body = {"current_password": PASSWORD}
    refused = client.post("/api/v1/me/totp", json=body, headers=headers)
    assert _said(refused) == (409, "account.none", words)
    with transaction():
        service.create_account(SYSTEM, person_id, "li", PASSWORD, must_change=False)
    refused = client.get("/api/v1/inbox", headers=headers)
    assert _said(refused) == (
        403,
        "totp.required",
        "您的岗位要管理系统，请先开通动态码，再办其他事。",
    )
    enrol(client, bearer(try_password(client, "li")[1]["access_token"]))
    assert client.get("/api/v1/inbox", headers=headers).status_code == 200


@pytest.mark.usefixtures("asked")
def test_a_resident_needs_neither_account_nor_code(client: FlaskClient) -> None:
    """Nobody sends a resident to the administrator."""
    headers = bearer(log_in(client)["access_token"])
    body = {"current_password": PASSWORD}
    assert _said(client.post("/api/v1/me/totp", json=body, headers=headers)) == (
        409,
        "account.none",
        "您没有设置用户名和密码，不需要这项操作。",
    )


def _said(answer: TestResponse) -> tuple[int, str, str]:
    """Status, code and words of a refusal."""
    told = answer.get_json()
    return answer.status_code, told["code"], told["detail"]


@pytest.mark.usefixtures("asked")
def test_a_one_time_password_comes_first(client: FlaskClient, hire: Hire) -> None:
    hire("li", role="admin", must_change=True)
    headers = bearer(try_password(client, "li")[1]["access_token"])
    answer = client.get("/api/v1/inbox", headers=headers)
    assert answer.get_json()["code"] == "session.password_change_required"


def test_elsewhere_nobody_needs_one(client: FlaskClient, hire: Hire) -> None:
    hire("li", role="admin")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    assert client.get("/api/v1/inbox", headers=headers).status_code == 200


def test_production_asks_for_it_unless_it_is_switched_off(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("production")
    assert _settings(folder)["ADMIN_SECOND_FACTOR"] is True
    assert _settings(folder, ADMIN_SECOND_FACTOR="0")["ADMIN_SECOND_FACTOR"] is False
    testing = configuration.load({"APP_ENV": "testing", "DATA_DIR": str(folder)})
    assert testing["ADMIN_SECOND_FACTOR"] is False
