"""A fresh proof of identity: the password and a code, or for people without one a new WeChat code."""

from datetime import datetime

from app.identity import queries
from app.identity.models import Account
from app.identity.service.accounts import confirm_password
from app.identity.service.codes import check_code
from app.identity.service.wechat_accounts import owns
from app.kernel import security
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Invalid
from app.kernel.proof import PROOF_LIFE
from app.wechat.gateway import WechatSession


def prove(
    actor: Actor,
    session_id: int,
    *,
    password: str | None = None,
    otp: str | None = None,
    wechat: WechatSession | None = None,
    address: str = "",
) -> datetime:
    """Notes on the actor's log-in session that he or she has proved who it is; returns until when.

    Who has an account proves it by the password, and by a code where there is a code generator; all
    others by a new code of the WeChat with which they log in. Raises Invalid `proof.password_needed`,
    `proof.otp_needed`, `proof.wechat_needed`, `proof.other_wechat`, `totp.wrong`, and what
    `confirm_password` raises.
    """
    if session.get(Account, actor.own_id) is None:
        _check_wechat(actor, wechat)
    elif password is None:
        raise _missing("proof.password_needed", "password", "请输入您的登录密码。")
    else:
        confirm_password(actor, password, address=address)
        _check_otp(actor, otp, address)
    login = queries.get_visible_session(actor, session_id)
    login.proved_at = now()
    session.flush()
    security.note("session.proved", actor)
    return login.proved_at + PROOF_LIFE


def _check_otp(actor: Actor, otp: str | None, address: str) -> None:
    if queries.totp_of(actor.own_id) is None:
        return
    if not otp:
        raise _missing("proof.otp_needed", "otp", "请输入验证器上的六位动态码。")
    check_code(actor, otp, address=address)


def _check_wechat(actor: Actor, wechat: WechatSession | None) -> None:
    if wechat is None:
        raise _missing("proof.wechat_needed", "code", "请在小程序里重新确认身份。")
    if not owns(actor.own_id, wechat):
        raise _missing("proof.other_wechat", "code", "这不是您登录用的微信，请换回原来的微信。")


def _missing(code: str, field: str, text: str) -> Invalid:
    return Invalid(code, text, errors={field: [text]})
