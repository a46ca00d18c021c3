"""The gateway: demo codes open the sandbox alone, and the sandbox is shut in live mode."""

import pytest
from flask import Flask

from app.kernel.errors import Invalid, Unavailable
from app.wechat import gateway

GOOD_CODES = ["demo-resident-1", "demo-member-12", "demo-grid-worker-3"]
BAD_CODES = [
    "",
    "demo-resident",
    "demo-resident-",
    "demo-resident-1 ",
    "demo-resident-1\n",
    "demo-phone-13900000001",
    "demo-phone-1",
    "Demo-resident-1",
    "demo-resident-١",
    "demo--1",
    "0a1B2c3D",
]


@pytest.fixture
def border() -> Flask:
    """A bare app in sandbox mode."""
    app = Flask(__name__)
    app.config["WECHAT_MODE"] = "sandbox"
    return app


@pytest.mark.parametrize("code", GOOD_CODES)
def test_a_demo_code_gives_the_same_openid_each_time(border: Flask, code: str) -> None:
    with border.app_context():
        first, second = gateway.code_to_session(code), gateway.code_to_session(code)
        assert first == second
        assert first.openid == f"sandbox-{code}"
        assert first.appid == gateway.appid() == "sandbox"


@pytest.mark.parametrize("code", BAD_CODES)
def test_any_other_code_is_refused(border: Flask, code: str) -> None:
    with border.app_context(), pytest.raises(Invalid) as refused:
        gateway.code_to_session(code)
    assert refused.value.code == "wechat.bad_code"


def test_a_phone_code_carries_its_number(border: Flask) -> None:
    with border.app_context():
        assert gateway.phone_number("demo-phone-13900000001") == "13900000001"


@pytest.mark.parametrize("code", ["demo-resident-1", "demo-phone-139", "demo-phone-23900000001"])
def test_any_other_phone_code_is_refused(border: Flask, code: str) -> None:
    with border.app_context(), pytest.raises(Invalid) as refused:
        gateway.phone_number(code)
    assert refused.value.code == "wechat.bad_code"


@pytest.mark.parametrize("mode", ["live", "", "Sandbox", None])
def test_only_the_literal_word_opens_the_sandbox(border: Flask, mode: str | None) -> None:
    border.config["WECHAT_MODE"] = mode
    with border.app_context():
        for call, code in (
            (gateway.code_to_session, "demo-resident-1"),
            (gateway.phone_number, "demo-phone-13900000001"),
        ):
            with pytest.raises(Unavailable) as refused:
                call(code)
            assert refused.value.code == "wechat.not_configured"
        assert gateway.appid() != "sandbox"
