"""Log-in by user name and password, with a one-time code where the account has a code generator."""

from sqlalchemy import select

from app.identity import passwords, queries
from app.identity.models import Account
from app.identity.queries import Lane
from app.identity.service.codes import use_code
from app.identity.service.failures import welcome
from app.identity.service.sessions import Issued, open_session
from app.identity.states import Channel
from app.kernel import security
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Unauthenticated
from app.people.queries import hold_people


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
    TooMany `session.locked`, `session.too_many_failures`; Forbidden `person.inactive`;
    Conflict `person.erased`.
    """
    account = queries.find_account(username)
    key = queries.account_key(username)
    if account is not None:
        security.concerns(account.person_id)
    lane = queries.log_in_lane(key, account.person_id if account else None, address)
    queries.refuse_waiting(lane)
    queries.refuse_flood(lane)
    # Known and unknown user names take the same path, so that neither the time nor the answer tells
    # whether a name exists.
    known_hash = account.password_hash if account else passwords.DUMMY_HASH
    matches = passwords.password_matches(known_hash, password)
    if account is None or not matches:
        raise _refused(lane)
    hold_people([account.person_id])
    account = _lock_proved(account.person_id, password, known_hash, lane)
    _check_code(actor, account, otp, lane)
    welcome(actor, account.person_id, lane)
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


def _lock_proved(person_id: int, password: str, known_hash: str, lane: Lane) -> Account:
    """Locks the account and checks it again, since it may have changed after it was read."""
    account = session.scalars(lock(select(Account).where(Account.person_id == person_id))).one()
    queries.refuse_waiting(lane)
    if account.password_hash != known_hash and not passwords.password_matches(
        account.password_hash, password
    ):
        raise _refused(lane)
    if account.one_time_until is not None and now() >= account.one_time_until:
        raise Unauthenticated(
            "session.one_time_password_expired", "临时密码已过期，请联系管理员重新设置。"
        )
    return account


def _check_code(actor: Actor, account: Account, otp: str | None, lane: Lane) -> None:
    if queries.totp_of(account.person_id) is None:
        return
    if not otp:
        raise Unauthenticated("session.otp_required", "请输入验证器上的六位动态码。")
    if not use_code(actor, account.person_id, otp):
        raise Unauthenticated(
            "session.otp_wrong",
            "动态码不对或已用过，请等新的动态码出来再试。",
            refusal_rows=[lane.failure()],
        )


def _refused(lane: Lane) -> Unauthenticated:
    return Unauthenticated(
        "session.bad_credentials",
        "用户名或密码不对，请检查后再试。",
        refusal_rows=[lane.failure()],
    )
