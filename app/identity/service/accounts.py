"""Accounts: creating and unlocking them, and their passwords."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from app.identity import passwords, queries
from app.identity.events import PasswordGiven
from app.identity.models import Account, LoginFailure
from app.identity.service.sessions import revoke_sessions
from app.identity.states import FAILURES_KEPT, ONE_TIME_PASSWORD_LIFE, RevokedFor
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import insert_ignore
from app.kernel.errors import Conflict, Invalid, not_found
from app.kernel.events import announce
from app.people import queries as people

_USERNAME = re.compile(r"[\w.@-]{2,40}")


@dataclass(frozen=True, slots=True)
class OneTimePassword:
    """A one-time password in clear; it is shown once and kept nowhere."""

    username: str
    one_time_password: str
    expires_at: datetime


def create_account(
    actor: Actor, person_id: int, username: str, password: str, must_change: bool = True
) -> Account:
    """Creates an account with a first password for a person and returns it.

    The actor must have all permissions that the person has. With `must_change` the password is
    valid for 7 days, and only for setting an own one.

    Raises NotFound `not_found`; Forbidden `account.may_not_edit`; Conflict `person.inactive`,
    `account.exists`, `account.username_taken`; Invalid `account.bad_username`.
    """
    queries.check_editor(actor, person_id)
    person = people.lock_person(person_id)
    queries.check_stand_in(actor, person_id)
    if not person.is_active:
        raise Conflict("person.inactive", "这位人员已停用，不能设置登录账号。")
    if not _USERNAME.fullmatch(username):
        raise Invalid(
            "account.bad_username", "用户名要 2 到 40 个字，可以用汉字、字母、数字、点和横线。"
        )
    if session.get(Account, person_id) is not None:
        raise Conflict("account.exists", "这位人员已经有登录账号了。")
    moment = now()
    values = {
        "person_id": person_id,
        "username": username,
        "username_key": passwords.username_key(username),
        "password_hash": passwords.hash_password(password),
        "must_change_password": must_change,
        "one_time_until": moment + ONE_TIME_PASSWORD_LIFE if must_change else None,
        "created_at": moment,
        "password_changed_at": moment,
        # Failures under this user name before the account existed are not counted.
        "forgiven_failure_id": queries.last_failure_id(queries.account_key(username)),
    }
    if insert_ignore(Account, values, conflict=("username_key",)) == 0:
        raise Conflict("account.username_taken", "这个用户名已经有人用了，请换一个。")
    _record(actor, "account.created", person_id)
    return session.get_one(Account, person_id)


def open_account(actor: Actor, person_id: int, username: str) -> OneTimePassword:
    """Creates an account with a one-time password and returns the password.

    Raises what `create_account` raises.
    """
    password = passwords.one_time_password()
    account = create_account(actor, person_id, username, password)
    announce(PasswordGiven(person_id))
    return OneTimePassword(account.username, password, now() + ONE_TIME_PASSWORD_LIFE)


def reset_password(actor: Actor, person_id: int) -> OneTimePassword:
    """Sets a new one-time password and returns it; all sessions end, the code generator stays.

    Raises NotFound `not_found`, also where there is no account; Forbidden `account.may_not_edit`,
    also where the person has a permission that the actor lacks.
    """
    queries.check_editor(actor, person_id)
    people.lock_person(person_id)
    queries.check_stand_in(actor, person_id)
    account = _lock_account(person_id)
    password = passwords.one_time_password()
    moment = now()
    expires_at = moment + ONE_TIME_PASSWORD_LIFE
    account.password_hash = passwords.hash_password(password)
    account.must_change_password = True
    account.one_time_until = expires_at
    account.password_changed_at = moment
    forgive_failures(actor, account)
    revoke_sessions(actor, person_id, RevokedFor.PASSWORD_RESET)
    session.flush()
    _record(actor, "account.password_reset", person_id)
    announce(PasswordGiven(person_id))
    return OneTimePassword(account.username, password, expires_at)


def unlock_account(actor: Actor, person_id: int) -> None:
    """Ends the lock of an account before its time.

    Raises NotFound `not_found`, also where there is no account; Forbidden `account.may_not_edit`.
    """
    queries.check_editor(actor, person_id)
    forgive_failures(actor, _lock_account(person_id))
    session.flush()
    _record(actor, "account.unlocked", person_id)


def change_password(
    actor: Actor, session_id: int, *, current_password: str, new_password: str, address: str = ""
) -> None:
    """Sets the actor's own new password; all sessions but `session_id` end.

    Raises Invalid `password.unchanged`, and what `confirm_password` and `check_strength` raise.
    """
    account = confirm_password(actor, current_password, address=address)
    passwords.check_strength(new_password, account.username)
    if passwords.password_matches(account.password_hash, new_password):
        text = "新密码不能和原来的一样。"
        raise Invalid("password.unchanged", text, errors={"new_password": [text]})
    account.password_hash = passwords.hash_password(new_password)
    account.must_change_password = False
    account.one_time_until = None
    account.password_changed_at = now()
    revoke_sessions(actor, actor.own_id, RevokedFor.PASSWORD_CHANGED, but=session_id)
    login = queries.get_visible_session(actor, session_id)
    login.must_change_password = False
    session.flush()
    _record(actor, "account.password_changed", actor.own_id)


def confirm_password(actor: Actor, password: str, *, address: str = "") -> Account:
    """Returns the actor's own account, locked, where the password is right.

    Then earlier failures are forgiven; a wrong password is counted as a failure from `address`.
    Raises Conflict `account.none`, TooMany `session.locked`, Invalid `password.wrong`.
    """
    account = session.scalars(
        lock(select(Account).where(Account.person_id == actor.own_id))
    ).one_or_none()
    if account is None:
        raise Conflict("account.none", "您没有设置用户名和密码，不需要这项操作。")
    key = queries.account_key(account.username)
    queries.refuse_locked(key, account.forgiven_failure_id)
    if not passwords.password_matches(account.password_hash, password):
        text = "原密码不对，请再试一次。"
        raise Invalid(
            "password.wrong",
            text,
            errors={"current_password": [text]},
            refusal_rows=[failure(key, address)],
        )
    forgive_failures(actor, account)
    return account


def failure(key: str, address: str) -> LoginFailure:
    """Returns the row that a refused log-in leaves; the caller raises a refusal with it."""
    return LoginFailure(account_key=key, address=address, at=now())


def forgive_failures(actor: Actor, account: Account) -> None:
    """Lets the count of the account's failures begin at 0 again."""
    key = queries.account_key(account.username)
    account.forgiven_failure_id = max(queries.last_failure_id(key), account.forgiven_failure_id)


def forget_old_failures(actor: Actor, limit: int) -> int:
    """Deletes at most `limit` failures that are older than 30 days; returns how many."""
    old = list(
        session.scalars(
            select(LoginFailure.id).where(LoginFailure.at < now() - FAILURES_KEPT).limit(limit)
        )
    )
    session.execute(delete(LoginFailure).where(LoginFailure.id.in_(old)))
    return len(old)


def _record(actor: Actor, action: str, person_id: int) -> None:
    unit_id = people.audit_unit_of(person_id)
    audit.record(actor, action, "person", person_id, unit_id=unit_id)


def _lock_account(person_id: int) -> Account:
    account = session.scalars(
        lock(select(Account).where(Account.person_id == person_id))
    ).one_or_none()
    if account is None:
        raise not_found()
    return account
