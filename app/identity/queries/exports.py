"""The part of this room in a person's copy of the own data."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.identity.models import Account, Consent, LoginSession, WechatAccount
from app.identity.queries.wechat_accounts import openid_context
from app.kernel.clock import to_local
from app.kernel.crypto import unseal
from app.kernel.database import session


def export_of(person_id: int) -> dict[str, Any]:
    """Returns user name, sessions, WeChat accounts and consents, without secrets, ready for JSON.

    Times are ISO texts in local time.
    """
    account = session.get(Account, person_id)
    sessions = session.scalars(
        select(LoginSession).where(LoginSession.person_id == person_id).order_by(LoginSession.id)
    )
    wechat = session.scalars(select(WechatAccount).where(WechatAccount.person_id == person_id))
    consents = session.scalars(
        select(Consent).where(Consent.person_id == person_id).order_by(Consent.id)
    )
    return {
        "username": account.username if account else None,
        "sessions": [
            {
                "channel": login.channel.value,
                "device": login.device,
                "created_at": _text(login.created_at),
                "refreshed_at": _text(login.refreshed_at),
                "revoked_at": _text(login.revoked_at),
            }
            for login in sessions
        ],
        "wechat_accounts": [
            {
                "appid": each.appid,
                "openid": unseal(each.openid, openid_context(each.openid_index)),
                "created_at": _text(each.created_at),
            }
            for each in wechat
        ],
        "consents": [
            {
                "document": consent.document.value,
                "version": consent.version,
                "granted": consent.granted,
                "at": _text(consent.at),
            }
            for consent in consents
        ],
    }


def _text(moment: datetime | None) -> str | None:
    return to_local(moment).isoformat(timespec="seconds") if moment else None
