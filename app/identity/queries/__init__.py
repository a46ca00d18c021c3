"""Reads of the room, in one file for each noun."""

from app.identity.queries.accounts import (
    AccountView,
    account_key,
    check_editor,
    check_stand_in,
    find_account,
    get_visible_account,
    last_failure_id,
    refuse_flood,
    refuse_locked,
    totp_of,
)
from app.identity.queries.consents import (
    consented,
    get_visible_consent,
    has_consent,
    own_consents,
    require_consent,
)
from app.identity.queries.exports import export_of
from app.identity.queries.profile import Profile, own_profile, profile
from app.identity.queries.sessions import (
    check_access_token,
    get_visible_session,
    page_of_sessions,
)
from app.identity.queries.wechat_accounts import openid_context, openid_index, openid_of

__all__ = [
    "AccountView",
    "Profile",
    "account_key",
    "check_access_token",
    "check_editor",
    "check_stand_in",
    "consented",
    "export_of",
    "find_account",
    "get_visible_account",
    "get_visible_consent",
    "get_visible_session",
    "has_consent",
    "last_failure_id",
    "openid_context",
    "openid_index",
    "openid_of",
    "own_consents",
    "own_profile",
    "page_of_sessions",
    "profile",
    "refuse_flood",
    "refuse_locked",
    "require_consent",
    "totp_of",
]
