"""What the program asks of WeChat; called by network-first views alone, in no transaction."""

from dataclasses import dataclass

from flask import current_app

from app.kernel.errors import Unavailable
from app.wechat import sandbox


@dataclass(frozen=True, slots=True)
class WechatSession:
    """Who WeChat says has logged in; its session_key is not taken along."""

    appid: str
    openid: str
    unionid: str | None = None


def appid() -> str:
    """The mini-program's id, under which openids are kept."""
    return sandbox.APPID if _in_sandbox() else str(current_app.config.get("WECHAT_APPID", ""))


def code_to_session(code: str) -> WechatSession:
    """The person behind a log-in code; raises Invalid `wechat.bad_code`."""
    if not _in_sandbox():
        raise _not_configured()
    return WechatSession(sandbox.APPID, sandbox.openid_for(code))


def phone_number(code: str) -> str:
    """The verified number behind a phone code; raises Invalid `wechat.bad_code`."""
    if not _in_sandbox():
        raise _not_configured()
    return sandbox.phone_for(code)


def _in_sandbox() -> bool:
    # Only the literal word opens it: a missing or mistyped setting must not let demo codes in.
    return current_app.config.get("WECHAT_MODE") == "sandbox"


def _not_configured() -> Unavailable:
    return Unavailable(
        "wechat.not_configured", "微信登录还没有开通，请联系社区工作人员，或拨打社区电话办理。"
    )
