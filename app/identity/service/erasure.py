"""What this room deletes of an erased person; and the erasure of strangers."""

from sqlalchemy import delete, select

from app.identity import queries
from app.identity.models import (
    Account,
    KnownAddress,
    LoginFailure,
    LoginSession,
    RecoveryCode,
    Token,
    TotpSecret,
    WechatAccount,
)
from app.identity.states import STRANGERS_KEPT
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.idempotency import forget_keys_of
from app.people import service as people


def forget_person(actor: Actor, person_id: int) -> None:
    """Deletes account, sessions, tokens, codes, WeChat accounts, known addresses and failed log-ins.

    Keys of repeatable requests go too.
    """
    account = session.get(Account, person_id)
    keys = [queries.session_lane(person_id, "").key]
    if account is not None:
        keys.append(queries.account_key(account.username))
    session.execute(delete(LoginFailure).where(LoginFailure.account_key.in_(keys)))
    sessions = select(LoginSession.id).where(LoginSession.person_id == person_id)
    session.execute(delete(Token).where(Token.session_id.in_(sessions)))
    for model in (LoginSession, RecoveryCode, TotpSecret, WechatAccount, KnownAddress, Account):
        session.execute(delete(model).where(model.person_id == person_id))
    forget_keys_of(person_id)


def forget_strangers(actor: Actor, limit: int) -> int:
    """Erases at most `limit` people whom only a WeChat log-in of 24 h ago or more has left.

    They have agreed to no document and left nothing (see `queries.strangers`). Returns how many.
    """
    found = queries.strangers(now() - STRANGERS_KEPT, limit)
    for person_id in found:
        people.erase_person(actor, person_id)
    return len(found)
