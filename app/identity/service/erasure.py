"""What this room deletes of an erased person; and the erasure of strangers."""

from datetime import datetime

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
from app.people.queries import hold_to_erase


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
    before = now() - STRANGERS_KEPT
    return sum(
        _forget_stranger(actor, person_id, before) for person_id in queries.strangers(before, limit)
    )


def _forget_stranger(actor: Actor, person_id: int, before: datetime) -> int:
    """Erases the person unless he or she has agreed or left something meanwhile; returns 1 or 0."""
    if not hold_to_erase(person_id) or not queries.is_stranger(person_id, before):
        return 0
    people.erase_person(actor, person_id)
    return 1
