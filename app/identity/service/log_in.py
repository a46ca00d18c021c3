"""Log-in by user name and password, with a one-time code where the account has a code generator."""

from sqlalchemy import select

from app.identity import passwords, queries
from app.identity.models import Account
from app.identity.service.accounts import failure, forgive_failures
from app.identity.service.codes import use_code
from app.identity.service.sessions import Issued, open_session
from app.identity.states import Channel
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Unauthenticated


def log_in_password(
    actor: Actor,
    username: str,
    password: str,
    *,
    otp: str | None = None,
    address: str = "",
    device: str = "",
) -> Issued:
    """Opens a session for the person of the account and returns its tokens.

    Raises Unauthenticated `session.bad_credentials` (for a wrong password and an unknown user name
    alike), `session.otp_required`, `session.otp_wrong`, `session.one_time_password_expired`;
    TooMany `session.locked`, `session.too_many_failures`; Forbidden `person.inactive`.
    """
    key = queries.account_key(username)
    account = queries.find_account(username)
    queries.refuse_locked(key, account.forgiven_failure_id if account else 0)
    queries.refuse_flood(address)
    # Known and unknown user names take the same path, so that neither the time nor the answer tells
    # whether a name exists.
    known_hash = account.password_hash if account else passwords.DUMMY_HASH
    matches = passwords.password_matches(known_hash, password)
    if account is None or not matches:
        raise _refused(key, address)
    account = _lock_proved(account.person_id, password, known_hash, key, address)
    _check_code(actor, account, otp, key, address)
    forgive_failures(actor, account)
    account.last_login_at = now()
    if passwords.is_outdated(account.password_hash):
        account.password_hash = passwords.hash_password(password)
    return open_session(
        actor,
        account.person_id,
        Channel.PASSWORD,
        device=device,
        must_change_password=account.must_change_password,
    )


def _lock_proved(person_id: int, password: str, known_hash: str, key: str, address: str) -> Account:
    """Locks the account and checks it again, since it may have changed after it was read."""
    account = session.scalars(lock(select(Account).where(Account.person_id == person_id))).one()
    queries.refuse_locked(key, account.forgiven_failure_id)
    if account.password_hash != known_hash and not passwords.password_matches(
        account.password_hash, password
    ):
        raise _refused(key, address)
    if account.one_time_until is not None and now() >= account.one_time_until:
        raise Unauthenticated(
            "session.one_time_password_expired", "临时密码已过期，请联系管理员重新设置。"
        )
    return account


def _check_code(actor: Actor, account: Account, otp: str | None, key: str, address: str) -> None:
    if queries.totp_of(account.person_id) is None:
        return
    if not otp:
        raise Unauthenticated("session.otp_required", "请输入验证器上的六位动态码。")
    if not use_code(actor, account.person_id, otp):
        raise Unauthenticated(
            "session.otp_wrong",
            "动态码不对或已用过，请等新的动态码出来再试。",
            refusal_rows=[failure(key, address)],
        )


def _refused(key: str, address: str) -> Unauthenticated:
    return Unauthenticated(
        "session.bad_credentials",
        "用户名或密码不对，请检查后再试。",
        refusal_rows=[failure(key, address)],
    )
