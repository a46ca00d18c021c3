"""Floods are stopped in production, caller by caller; a proxy is believed only where it is named."""

import base64
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

import config as configuration
from app import create_app
from app.files.signed import address
from app.files.states import Variant
from app.identity import service as identity
from app.identity.models import LoginSession, Token
from app.identity.service import open_session
from app.identity.states import Channel, RevokedFor
from app.kernel import throttle
from app.kernel.clock import now
from app.kernel.database import db, transaction
from app.kernel.http import App
from app.organisation import service as organisation
from app.people import service as people
from tests.world import SYSTEM


def _settings(folder: Path, **given: str) -> dict[str, Any]:
    environ = {
        "APP_ENV": "production",
        "DATABASE_URL": f"sqlite:///{folder}/t.db",
        "DATA_DIR": str(folder),
        "DEMO": "0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "BLIND_INDEX_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "WECHAT_MODE": "live",
        "WECHAT_APPID": "wx" + "a" * 16,
        "WECHAT_SECRET": secrets.token_hex(16),
        "WECHAT_PUSH_TOKEN": secrets.token_hex(16),
        "WECHAT_PUSH_AES_KEY": secrets.token_hex(22)[:43],
    }
    return configuration.load(environ | given)


@pytest.fixture
def flooded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A production app with small limits, and a database with nobody in it."""
    monkeypatch.setattr(throttle, "BY_ADDRESS", "3 per minute")
    monkeypatch.setattr(throttle, "BY_PERSON", "4 per minute")
    monkeypatch.setattr(throttle, "CONTENT_BY_ADDRESS", "5 per minute")
    app = create_app(_settings(tmp_path))
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _statuses(app: App, times: int, path: str = "/healthz", **given: Any) -> list[int]:
    client = app.test_client()
    return [client.get(path, **given).status_code for _ in range(times)]


def _from(address: str) -> dict[str, Any]:
    return {"environ_overrides": {"REMOTE_ADDR": address}}


def _logged_in(app: App) -> Callable[[], dict[str, str]]:
    """Makes new log-ins of one person."""
    with app.app_context(), transaction():
        person_id = people.create_person(SYSTEM, name="王小明").id

    def log_in() -> dict[str, str]:
        with app.app_context(), transaction():
            issued = open_session(SYSTEM, person_id, Channel.WECHAT)
        return {"Authorization": f"Bearer {issued.access_token}"}

    return log_in


def test_a_flood_is_stopped(flooded: App) -> None:
    """429 as a problem with Retry-After; another address goes on."""
    client = flooded.test_client()
    answers = [client.get("/healthz") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].mimetype == "application/problem+json"
    assert answers[-1].json is not None
    assert answers[-1].json["code"] == "rate.exceeded"
    assert _statuses(flooded, 1, **_from("10.0.0.2")) == [200]


def test_made_up_tokens_count_for_the_address(flooded: App) -> None:
    """Another one with each request helps nothing, at whatever endpoint."""
    client = flooded.test_client()
    asked = [
        client.get(path, headers={"Authorization": f"Bearer {secrets.token_urlsafe()}"})
        for path in ("/api/v1/me", "/api/v1/orders", "/api/v1/inbox", "/api/v1/me", "/api/v1/units")
    ]
    assert [answer.status_code for answer in asked] == [401, 401, 401, 429, 429]


def test_a_refused_stranger_costs_no_statement(flooded: App) -> None:
    """The database is asked for the token of a request that is within the limit, and not after."""
    client = flooded.test_client()
    asked: list[str] = []
    with flooded.app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    after = []
    for number in range(5):
        client.get("/api/v1/me", headers={"Authorization": f"Bearer made-up-{number}"})
        after.append(len(asked))
    assert 0 < after[0] < after[1] < after[2] == after[3] == after[4]


def test_addresses_of_one_network_are_one(flooded: App) -> None:
    """Whoever has IPv6 has 2^64 addresses."""
    seen = [_statuses(flooded, 1, **_from(f"2001:db8:1:2::{n:x}")) for n in range(1, 5)]
    assert seen == [[200], [200], [200], [429]]
    assert _statuses(flooded, 1, **_from("2001:db8:1:3::1")) == [200]


def test_an_ipv4_address_written_as_ipv6_is_itself(flooded: App) -> None:
    """A server that listens for both kinds sees all of IPv4 in one network of IPv6."""
    assert _statuses(flooded, 4, **_from("::ffff:10.0.0.7")) == [200, 200, 200, 429]
    assert _statuses(flooded, 1, **_from("::ffff:10.0.0.8")) == [200]
    assert _statuses(flooded, 1, **_from("10.0.0.7")) == [429]


@pytest.mark.parametrize("text", ["unknown", "10.0.0.300", "unix:"])
def test_what_is_no_address_counts_as_it_is_written(flooded: App, text: str) -> None:
    assert _statuses(flooded, 4, **_from(text)) == [200, 200, 200, 429]
    assert _statuses(flooded, 1, **_from("10.0.0.9")) == [200]


def test_pictures_do_not_count_with_the_log_ins(flooded: App) -> None:
    """An office with lists of pictures can log in; a forged address of a picture counts as before."""
    with flooded.app_context():
        picture = address("a" * 32, Variant.FULL, now())
        old = address("a" * 32, Variant.FULL, now() - timedelta(days=1))
    # Nobody has this file; that is told by the database, after the limit.
    assert _statuses(flooded, 3, picture) == [404] * 3
    assert _statuses(flooded, 3, old) == [404, 404, 429]
    assert _statuses(flooded, 1, picture, **_from("10.0.0.2")) == [404]
    assert _statuses(flooded, 1) == [200]
    assert _statuses(flooded, 3, f"{picture}x") == [404, 404, 429]
    assert _statuses(flooded, 1) == [429]


def test_the_limits_of_each() -> None:
    """A page opens many calls at once, and a list many pictures."""
    assert throttle.BY_PERSON == "600 per minute;20 per second"
    assert throttle.BY_ADDRESS == "3000 per minute;50 per second"
    assert throttle.CONTENT_BY_ADDRESS == "6000 per minute;300 per second"


def test_people_behind_one_address(flooded: App) -> None:
    """A person counts alone, with all log-ins together, and neither for the address nor by it."""
    log_in = _logged_in(flooded)
    first, second, path = log_in(), log_in(), "/api/v1/me"
    # The first request of each log-in is the one by which the process learns whose it is.
    assert _statuses(flooded, 3, path, headers=first) == [200] * 3
    assert _statuses(flooded, 3, path, headers=second) == [200] * 3
    assert _statuses(flooded, 1, path, headers=first) == [429]
    assert _statuses(flooded, 1, path, headers=second) == [429]
    assert _statuses(flooded, 4) == [200, 200, 200, 429]
    flooded.extensions["callers"].clear()
    assert _statuses(flooded, 1, path, headers=first) == [429]
    neighbour = _logged_in(flooded)()
    assert _statuses(flooded, 1, path, headers=neighbour, **_from("10.0.0.2")) == [200]
    assert _statuses(flooded, 3, path, headers=neighbour) == [200] * 3


@pytest.mark.parametrize(
    ("must_change", "code"),
    [(True, "session.password_change_required"), (False, "totp.required")],
)
def test_who_must_first_set_up_the_log_in_has_a_limit(
    flooded: App, must_change: bool, code: str
) -> None:
    """Of the own, by person, whatever is refused to him or her; the neighbours do not suffer."""
    with flooded.app_context(), transaction():
        people.seed_roles(SYSTEM)
        district = organisation.found_district(SYSTEM, "登录测试区")
        leader = people.create_person(SYSTEM, name="王小明", home_unit_id=district.id)
        people.grant_role(SYSTEM, leader.id, "leader", district.id)
        issued = open_session(SYSTEM, leader.id, Channel.PASSWORD, must_change_password=must_change)
    headers, path = {"Authorization": f"Bearer {issued.access_token}"}, "/api/v1/inbox"
    first = flooded.test_client().get(path, headers=headers)
    assert (first.status_code, first.get_json()["code"]) == (403, code)
    assert _statuses(flooded, 6, path, headers=headers) == [403] * 4 + [429] * 2
    assert _statuses(flooded, 1) == [200]


ENDINGS: dict[str, Callable[[int], object]] = {
    "revoked": lambda person_id: identity.revoke_sessions(SYSTEM, person_id, RevokedFor.LOGGED_OUT),
    "expired": lambda _: db.session.execute(update(Token).values(expires_at=now())),
    "unknown": lambda _: db.session.execute(delete(Token)),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ended_token_counts_for_the_address(flooded: App, ending: str) -> None:
    """After the first refusal. Whoever stole it does not keep its person out, who has logged in anew."""
    log_in, path = _logged_in(flooded), "/api/v1/me"
    stolen, thief = log_in(), _from("10.9.9.9")
    assert _statuses(flooded, 1, path, headers=stolen) == [200]
    with flooded.app_context(), transaction():
        person_id = db.session.scalars(select(LoginSession.person_id)).one()
        ENDINGS[ending](person_id)
    fresh = log_in()
    assert _statuses(flooded, 1, path, headers=fresh) == [200]
    assert _statuses(flooded, 6, path, headers=stolen, **thief) == [401] * 4 + [429] * 2
    # One of the four that the person has in the minute was used up by the first refusal.
    assert _statuses(flooded, 4, path, headers=fresh) == [200] * 3 + [429]


def test_at_a_public_endpoint_no_token_counts(flooded: App) -> None:
    """It is not checked there, so an ended one would never be refused."""
    log_in = _logged_in(flooded)
    headers, thief = log_in(), _from("10.9.9.9")
    assert _statuses(flooded, 1, "/api/v1/me", headers=headers) == [200]
    assert _statuses(flooded, 4, headers=headers, **thief) == [200] * 3 + [429]
    assert _statuses(flooded, 4, "/api/v1/me", headers=headers) == [200] * 4


def test_few_tokens_are_remembered(flooded: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a process does not grow for ever."""
    monkeypatch.setattr(throttle, "_MOST_TOKENS", 2)
    log_in = _logged_in(flooded)
    for _ in range(5):
        assert _statuses(flooded, 1, "/api/v1/me", headers=log_in()) == [200]
    assert 1 <= len(flooded.extensions["callers"]) <= 2


@pytest.mark.parametrize(("proxies", "status"), [("0", 404), ("1", 200)])
def test_a_named_proxy_is_believed(tmp_path: Path, proxies: str, status: int) -> None:
    """The metrics are for allowed addresses: what a stranger says of himself does not count."""
    settings = _settings(tmp_path, TRUSTED_PROXIES=proxies, METRICS_ALLOWED="10.9.8.0/24")
    client = create_app(settings).test_client()
    answer = client.get("/metrics", headers={"X-Forwarded-For": "10.9.8.7"})
    assert answer.status_code == status
