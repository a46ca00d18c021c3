"""Replaces WeChat where it is not configured: fixed codes, no network."""

import re

from app.kernel.errors import Invalid

APPID = "sandbox"
_LOGIN_CODE = re.compile(r"demo-(?!phone-)[a-z]+(?:-[a-z]+)*-[0-9]{1,6}", re.ASCII)
_PHONE_CODE = re.compile(r"demo-phone-(1[3-9][0-9]{9})", re.ASCII)


def openid_for(code: str) -> str:
    """Returns the openid of a demo code ("demo-resident-1"), always the same one for the same code.

    Raises Invalid `wechat.bad_code`.
    """
    if not _LOGIN_CODE.fullmatch(code):
        raise Invalid("wechat.bad_code", "微信登录没有成功，请重新打开小程序再试。")
    return f"sandbox-{code}"


def phone_for(code: str) -> str:
    """Returns the phone number in a demo code ("demo-phone-13900000001").

    Raises Invalid `wechat.bad_code`.
    """
    found = _PHONE_CODE.fullmatch(code)
    if found is None:
        raise Invalid("wechat.bad_code", "没有取到手机号，请再点一次“获取手机号”。")
    return found[1]
