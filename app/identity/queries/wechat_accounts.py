"""Reads of WeChat accounts."""

from sqlalchemy import select

from app.identity.models import WechatAccount
from app.kernel.crypto import blind_index, unseal
from app.kernel.database import session


def openid_of(person_id: int, appid: str) -> str | None:
    """Returns the person's openid under the appid in clear, for sending; None where there is none.

    Of several the newest is returned.
    """
    account = session.scalars(
        select(WechatAccount)
        .where(WechatAccount.person_id == person_id, WechatAccount.appid == appid)
        .order_by(WechatAccount.created_at.desc())
        .limit(1)
    ).one_or_none()
    return None if account is None else unseal(account.openid, openid_context(account.openid_index))


def openid_index(openid: str) -> str:
    """Returns the keyed hash by which an openid or unionid is found."""
    return blind_index(f"openid:{openid}")


def openid_context(index: str) -> str:
    """Returns the context to which an encrypted openid is bound (see `crypto.seal`)."""
    return f"wechat_accounts.openid:{index}"
