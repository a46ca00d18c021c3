"""Calls to WeChat; only network-first views use them, outside of any transaction."""

from dataclasses import dataclass

from flask import current_app

from app.kernel.errors import Unavailable
from app.wechat import sandbox


@dataclass(frozen=True, slots=True)
class WechatSession:
    """The identity that WeChat gives for a log-in code; its session_key is not kept."""

    appid: str
    openid: str
    unionid: str | None = None


def appid() -> str:
    """Returns the id of the mini-program under which openids are kept."""
    return sandbox.APPID if _in_sandbox() else str(current_app.config.get("WECHAT_APPID", ""))


def code_to_session(code: str) -> WechatSession:
    """Returns the identity behind a log-in code of wx.login.

    Raises Invalid `wechat.bad_code`, Unavailable `wechat.not_configured`.
    """
    if not _in_sandbox():
        raise _not_configured()
    return WechatSession(sandbox.APPID, sandbox.openid_for(code))


def phone_number(code: str) -> str:
    """Returns the verified phone number behind a phone code.

    Raises Invalid `wechat.bad_code`, Unavailable `wechat.not_configured`.
    """
    if not _in_sandbox():
        raise _not_configured()
    return sandbox.phone_for(code)


def _in_sandbox() -> bool:
    # Only the word "sandbox" turns it on: with a missing or mistyped setting, demo codes must not work.
    return current_app.config.get("WECHAT_MODE") == "sandbox"


def _not_configured() -> Unavailable:
    return Unavailable(
        "wechat.not_configured", "微信登录还没有开通，请联系社区工作人员，或拨打社区电话办理。"
    )
