"""What this room deletes of an erased person."""

from sqlalchemy import delete, select

from app.identity import queries
from app.identity.models import (
    Account,
    LoginFailure,
    LoginSession,
    RecoveryCode,
    Token,
    TotpSecret,
    WechatAccount,
)
from app.kernel.actor import Actor
from app.kernel.database import session


def forget_person(actor: Actor, person_id: int) -> None:
    """Deletes account, sessions, tokens, codes and WeChat accounts of the person, and failed log-ins.

    Consents stay: they point to the anonymous row.
    """
    account = session.get(Account, person_id)
    if account is not None:
        key = queries.account_key(account.username)
        session.execute(delete(LoginFailure).where(LoginFailure.account_key == key))
    sessions = select(LoginSession.id).where(LoginSession.person_id == person_id)
    session.execute(delete(Token).where(Token.session_id.in_(sessions)))
    for model in (LoginSession, RecoveryCode, TotpSecret, WechatAccount, Account):
        session.execute(delete(model).where(model.person_id == person_id))
