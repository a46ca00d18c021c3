"""One-time codes: setting up a code generator, using a code once, recovery codes."""

from dataclasses import dataclass

from sqlalchemy import delete, select

from app.identity import queries, totp
from app.identity.models import Account, RecoveryCode, TotpSecret
from app.identity.service.accounts import confirm_password, failure
from app.identity.states import CONFIRMATIONS_BY_PERSON, RECOVERY_CODES
from app.kernel import audit, limits
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import hash_token, seal, unseal
from app.kernel.database import lock, session
from app.kernel.errors import Conflict, Invalid
from app.people import queries as people


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret for the authenticator and its otpauth address; they are shown once."""

    secret: str
    uri: str


def enrol_totp(actor: Actor, *, current_password: str, address: str = "") -> Enrolment:
    """Sets up a code generator and returns its secret; it is in force once a code of it is confirmed.

    An unconfirmed older secret is replaced. Raises Conflict `totp.exists` and what
    `confirm_password` raises.
    """
    account = confirm_password(actor, current_password, address=address)
    row = _lock_secret(actor.own_id)
    if row is not None and row.confirmed_at is not None:
        raise Conflict("totp.exists", "您已经开通了动态码，请先停用再重新开通。")
    if row is not None:
        session.delete(row)
        session.flush()
    secret = totp.new_secret()
    session.add(
        TotpSecret(
            person_id=actor.own_id,
            secret=seal(secret, _context(actor.own_id)),
            created_at=now(),
        )
    )
    session.flush()
    return Enrolment(secret, totp.enrolment_uri(secret, account.username))


def confirm_totp(actor: Actor, otp: str, *, address: str = "") -> list[str]:
    """Puts the actor's new code generator in force and returns ten recovery codes, which are shown once.

    A wrong code counts like a wrong password. Raises Conflict `totp.not_enrolled`; Invalid
    `totp.wrong`; TooMany `rate.exceeded`, `session.locked`, `session.too_many_failures`.
    """
    queries.refuse_flood(address)
    limits.hit(f"totp:{actor.own_id}", limit=CONFIRMATIONS_BY_PERSON, seconds=60)
    account = session.scalars(
        lock(select(Account).where(Account.person_id == actor.own_id))
    ).one_or_none()
    row = _lock_secret(actor.own_id)
    if account is None or row is None or row.confirmed_at is not None:
        raise Conflict("totp.not_enrolled", "请先开通动态码。")
    key = queries.account_key(account.username)
    queries.refuse_locked(key, account.forgiven_failure_id)
    if not _take_counter(row, otp):
        raise _wrong(key, address)
    row.confirmed_at = now()
    codes = [totp.new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == actor.own_id))
    session.add_all(
        RecoveryCode(person_id=actor.own_id, code_hash=_hash_recovery(code)) for code in codes
    )
    session.flush()
    _record(actor, "account.totp_confirmed", actor.own_id)
    return codes


def remove_totp(actor: Actor, *, current_password: str, otp: str, address: str = "") -> None:
    """Removes the actor's code generator and recovery codes; password and code are needed.

    Raises Conflict `totp.not_enrolled`, Invalid `totp.wrong`, and what `confirm_password` raises.
    """
    account = confirm_password(actor, current_password, address=address)
    if queries.totp_of(actor.own_id) is None:
        raise Conflict("totp.not_enrolled", "您还没有开通动态码。")
    if not use_code(actor, actor.own_id, otp):
        raise _wrong(queries.account_key(account.username), address)
    forget_totp(actor, actor.own_id)


def forget_totp(actor: Actor, person_id: int) -> None:
    """Deletes the person's code generator and recovery codes, without asking for a code.

    The person may do that, and an administrator for a lost phone. Raises NotFound `not_found`,
    Forbidden `account.may_not_edit`.
    """
    if actor.person_id != person_id:
        queries.check_editor(actor, person_id)
        queries.check_stand_in(actor, person_id)
    session.execute(delete(TotpSecret).where(TotpSecret.person_id == person_id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    _record(actor, "account.totp_removed", person_id)


def use_code(actor: Actor, person_id: int, code: str) -> bool:
    """Returns whether the code is right: a code of the generator or a recovery code, each works once."""
    row = _lock_secret(person_id)
    if row is None or row.confirmed_at is None:
        return False
    return _take_counter(row, code) or _take_recovery(person_id, code)


def _take_counter(row: TotpSecret, code: str) -> bool:
    secret = unseal(row.secret, _context(row.person_id))
    counter = totp.matching_counter(secret, code, now(), after=row.last_counter)
    if counter is None:
        return False
    row.last_counter = counter
    session.flush()
    return True


def _take_recovery(person_id: int, code: str) -> bool:
    row = session.scalars(
        lock(
            select(RecoveryCode).where(
                RecoveryCode.code_hash == _hash_recovery(code),
                RecoveryCode.person_id == person_id,
                RecoveryCode.used_at.is_(None),
            )
        )
    ).one_or_none()
    if row is None:
        return False
    row.used_at = now()
    session.flush()
    return True


def _record(actor: Actor, action: str, person_id: int) -> None:
    unit_id = people.audit_unit_of(person_id)
    audit.record(actor, action, "person", person_id, unit_id=unit_id)


def _lock_secret(person_id: int) -> TotpSecret | None:
    return session.scalars(
        lock(select(TotpSecret).where(TotpSecret.person_id == person_id))
    ).one_or_none()


def _hash_recovery(code: str) -> str:
    return hash_token(totp.plain_recovery_code(code))


def _context(person_id: int) -> str:
    return f"totp_secrets.secret:{person_id}"


def _wrong(key: str, address: str) -> Invalid:
    text = "动态码不对或已用过，请等新的动态码出来再试。"
    return Invalid("totp.wrong", text, errors={"otp": [text]}, refusal_rows=[failure(key, address)])
