"""Where the installation asks for it, whoever administers does nothing without a code generator."""

import pytest
from flask.testing import FlaskClient

import config as configuration
from app import collect_permissions
from app.kernel.http import App
from app.people.roles import ROLES
from tests.identity.conftest import Hire, Town, bearer, try_password
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
