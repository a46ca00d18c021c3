"""A district with one street, its administrators, and short ways to log in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from app.identity import service
from app.identity.models import Consent, LoginFailure, LoginSession, Token, WechatAccount
from app.identity.queries import account_key
from app.identity.states import Channel
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.http import App
from app.organisation import service as organisation
from app.organisation.states import UnitKind
from app.people import service as people
from app.people.models import Person
from app.people.states import PersonKind

SYSTEM = Actor.system("test")
PASSWORD = "winter-lantern-42"
WRONG = "wrong-password-1"
START = "2026-03-02T09:00:00+08:00"
Headers = dict[str, str]
Entered = Callable[[int], Headers]


@dataclass
class Town:
    """Units by id."""

    district: int
    street: int
    other_street: int


@pytest.fixture(autouse=True)
def nobody(request: pytest.FixtureRequest) -> None:
    """Other tests may have left a peopled district; here nobody has logged in yet."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        with transaction():
            for model in (Token, LoginSession, Consent, WechatAccount, LoginFailure):
                session.execute(delete(model))


@pytest.fixture
def town(app: App) -> Town:
    """One district, two streets, the roles that ship."""
    with transaction():
        people.seed_roles(SYSTEM)
        district = organisation.found_district(SYSTEM, "登录测试区")
        streets = [
            organisation.create_unit(SYSTEM, kind=UnitKind.STREET, name=name, parent_id=district.id)
            for name in ("东街道", "西街道")
        ]
    return Town(district.id, streets[0].id, streets[1].id)


Hire = Callable[..., Person]


@pytest.fixture
def hire(town: Town) -> Hire:
    """Makes a member of staff, with an account where a user name is given."""

    def make(
        username: str | None = None,
        *,
        role: str | None = None,
        unit_id: int | None = None,
        must_change: bool = False,
    ) -> Person:
        unit_id = unit_id or town.street
        with transaction():
            person = people.create_person(
                SYSTEM, kind=PersonKind.STAFF, name="李建国", home_unit_id=unit_id
            )
            if role:
                people.grant_role(SYSTEM, person.id, role, unit_id)
            if username:
                service.create_account(SYSTEM, person.id, username, PASSWORD, must_change)
        return person

    return make


@pytest.fixture
def entered(app: App) -> Callable[[int], Headers]:
    """Logs a person in without a password."""

    def enter(person_id: int) -> Headers:
        with transaction():
            issued = service.open_session(SYSTEM, person_id, Channel.WECHAT, device="test")
        return bearer(issued.access_token)

    return enter


def bearer(token: str) -> Headers:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def log_in(client: FlaskClient, code: str = "demo-resident-1") -> dict[str, Any]:
    """The answer of a WeChat log-in."""
    answer = client.post("/api/v1/sessions/wechat", json={"code": code})
    assert answer.status_code == 201, answer.get_json()
    return dict(answer.get_json())


def try_password(
    client: FlaskClient, username: str, password: str = PASSWORD, **more: Any
) -> tuple[int, dict[str, Any]]:
    """Status and body of a password log-in."""
    answer = client.post(
        "/api/v1/sessions/password", json={"username": username, "password": password, **more}
    )
    return answer.status_code, dict(answer.get_json())


def fail(username: str, times: int, address: str = "10.0.0.1") -> None:
    """What another process has counted."""
    with transaction():
        session.add_all(
            LoginFailure(account_key=account_key(username), address=address, at=now())
            for _ in range(times)
        )


def code_of(answer: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer[0], answer[1].get("code", "")
