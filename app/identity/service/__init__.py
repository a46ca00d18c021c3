"""The verbs of the room, in one file for each noun."""

from app.identity.service.accounts import (
    OneTimePassword,
    change_password,
    create_account,
    forget_old_failures,
    open_account,
    reset_password,
    unlock_account,
)
from app.identity.service.codes import Enrolment, confirm_totp, enrol_totp, forget_totp, remove_totp
from app.identity.service.consents import record_consent
from app.identity.service.erasure import forget_person
from app.identity.service.log_in import log_in_password
from app.identity.service.profile import attach_phone, edit_profile
from app.identity.service.sessions import (
    Issued,
    close_session,
    forget_dead_sessions,
    give_ticket,
    open_session,
    redeem_ticket,
    refresh_session,
    revoke_sessions,
)
from app.identity.service.wechat_accounts import attach_wechat, count_log_in, log_in_wechat

__all__ = [
    "Enrolment",
    "Issued",
    "OneTimePassword",
    "attach_phone",
    "attach_wechat",
    "change_password",
    "close_session",
    "confirm_totp",
    "count_log_in",
    "create_account",
    "edit_profile",
    "enrol_totp",
    "forget_dead_sessions",
    "forget_old_failures",
    "forget_person",
    "forget_totp",
    "give_ticket",
    "log_in_password",
    "log_in_wechat",
    "open_account",
    "open_session",
    "record_consent",
    "redeem_ticket",
    "refresh_session",
    "remove_totp",
    "reset_password",
    "revoke_sessions",
    "unlock_account",
]
