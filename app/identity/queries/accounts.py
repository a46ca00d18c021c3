"""Reads of accounts: by user name, locks after failed log-ins, code generators."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.identity import passwords, policy
from app.identity.models import Account, LoginFailure, TotpSecret
from app.identity.states import FAILURES_BEFORE_LOCK, FAILURES_BY_ADDRESS, LOCK_LIFE
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import blind_index
from app.kernel.database import session
from app.kernel.errors import Forbidden, TooMany, not_found
from app.people import queries as people


def account_key(username: str) -> str:
    """Returns the keyed hash under which failed log-ins of a user name are counted.

    The user name need not exist.
    """
    return blind_index(f"username:{passwords.username_key(username)}")


def find_account(username: str) -> Account | None:
    """Returns the account of a user name, whose case and width of letters are ignored; else None."""
    return session.scalars(
        select(Account).where(Account.username_key == passwords.username_key(username))
    ).one_or_none()


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as administrators see it."""

    username: str
    must_change_password: bool
    has_totp: bool
    is_locked: bool
    created_at: datetime
    last_login_at: datetime | None


def get_visible_account(actor: Actor, person_id: int) -> AccountView:
    """Returns the account of a person for an actor who may administer it.

    Raises NotFound `not_found`, also where there is no account; Forbidden `account.may_not_edit`.
    """
    check_editor(actor, person_id)
    account = session.get(Account, person_id)
    if account is None:
        raise not_found()
    locked_until = lock_end(account_key(account.username), account.forgiven_failure_id)
    return AccountView(
        username=account.username,
        must_change_password=account.must_change_password,
        has_totp=totp_of(person_id) is not None,
        is_locked=locked_until is not None,
        created_at=account.created_at,
        last_login_at=account.last_login_at,
    )


def check_editor(actor: Actor, person_id: int) -> None:
    """Checks that the actor may administer the person's account.

    Raises NotFound `not_found` where the actor does not see the person, else Forbidden
    `account.may_not_edit`.
    """
    people.get_visible_person(actor, person_id)
    if not policy.may_edit_account(actor, people.unit_paths_of(person_id)):
        raise Forbidden("account.may_not_edit", "您不能管理这位人员的登录账号。")


def check_stand_in(actor: Actor, person_id: int) -> None:
    """Raises Forbidden `account.may_not_edit` where the person has a permission that the actor lacks."""
    if not policy.holds_all(actor, people.powers_of(person_id)):
        raise Forbidden(
            "account.may_not_edit",
            "这位人员的岗位比您权限多，您不能设置其密码，请运维人员在服务器上办理。",
        )


def last_failure_id(key: str) -> int:
    """Returns the id of the latest failed log-in under this key; 0 where there is none."""
    found = session.scalar(select(func.max(LoginFailure.id)).where(LoginFailure.account_key == key))
    return found or 0


def lock_end(key: str, forgiven_failure_id: int) -> datetime | None:
    """Returns the moment until which an account is locked; None where it is not.

    An account is locked for 15 minutes by every tenth failure after `forgiven_failure_id`. The
    failures are counted from their rows, so that several processes count together. While the
    account is locked no failure is added, so more attempts do not make the lock longer.
    """
    failures = select(LoginFailure.at).where(
        LoginFailure.account_key == key, LoginFailure.id > forgiven_failure_id
    )
    number = session.scalar(select(func.count()).select_from(failures.subquery())) or 0
    if number < FAILURES_BEFORE_LOCK:
        return None
    locking = number // FAILURES_BEFORE_LOCK * FAILURES_BEFORE_LOCK
    locked_at = session.scalar(failures.order_by(LoginFailure.id).offset(locking - 1).limit(1))
    until = None if locked_at is None else locked_at + LOCK_LIFE
    return until if until is not None and now() < until else None


def refuse_locked(key: str, forgiven_failure_id: int) -> None:
    """Raises TooMany `session.locked` while the account is locked, whatever the password."""
    until = lock_end(key, forgiven_failure_id)
    if until is not None:
        left = until - now()
        raise TooMany(
            "session.locked",
            f"密码输错次数太多，请 {_minutes(left)} 分钟后再试，或请管理员解锁。",
            retry_after=max(int(left.total_seconds()), 1),
        )


def refuse_flood(address: str) -> None:
    """Raises TooMany `session.too_many_failures` after 100 failures from one address in 15 minutes.

    Failures under all user names count. An empty address is never refused.
    """
    since = now() - LOCK_LIFE
    times = list(
        session.scalars(
            select(LoginFailure.at)
            .where(LoginFailure.address == address, LoginFailure.at > since)
            .order_by(LoginFailure.at.desc())
            .limit(FAILURES_BY_ADDRESS)
        )
    )
    if address and len(times) == FAILURES_BY_ADDRESS:
        left = times[-1] - since
        raise TooMany(
            "session.too_many_failures",
            f"这个网络上输错密码的次数太多，请 {_minutes(left)} 分钟后再试。",
            retry_after=max(int(left.total_seconds()), 1),
        )


def _minutes(left: timedelta) -> int:
    return max(-(-int(left.total_seconds()) // 60), 1)


def totp_of(person_id: int) -> TotpSecret | None:
    """Returns the person's confirmed code generator; None where there is none."""
    return session.scalars(
        select(TotpSecret).where(
            TotpSecret.person_id == person_id, TotpSecret.confirmed_at.is_not(None)
        )
    ).one_or_none()
