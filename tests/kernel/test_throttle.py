"""Floods are stopped in production, caller by caller; a proxy is believed only where it is named."""

import base64
import secrets
from pathlib import Path
from typing import Any

import pytest

import config as configuration
from app import create_app
from app.kernel import throttle


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


def test_a_flood_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 as a problem with Retry-After; another caller goes on."""
    monkeypatch.setattr(throttle, "A_MINUTE", "3 per minute")
    client = create_app(_settings(tmp_path)).test_client()
    answers = [client.get("/healthz") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].mimetype == "application/problem+json"
    assert answers[-1].json is not None
    assert answers[-1].json["code"] == "rate.exceeded"
    other = client.get("/healthz", headers={"Authorization": "Bearer x"})
    assert other.status_code == 200


@pytest.mark.parametrize(("proxies", "status"), [("0", 404), ("1", 200)])
def test_a_named_proxy_is_believed(tmp_path: Path, proxies: str, status: int) -> None:
    """The metrics are for allowed addresses: what a stranger says of himself does not count."""
    settings = _settings(tmp_path, TRUSTED_PROXIES=proxies, METRICS_ALLOWED="10.9.8.0/24")
    client = create_app(settings).test_client()
    answer = client.get("/metrics", headers={"X-Forwarded-For": "10.9.8.7"})
    assert answer.status_code == status
