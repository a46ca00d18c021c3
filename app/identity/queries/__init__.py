"""Reads of the room, in one file for each noun."""

from app.identity.queries.accounts import (
    AccountView,
    administers_without_code,
    check_editor,
    check_stand_in,
    find_account,
    get_visible_account,
    has_account,
    manageable_people,
    totp_of,
)
from app.identity.queries.exports import export_of
from app.identity.queries.failures import (
    Lane,
    account_key,
    address_index,
    log_in_lane,
    refuse_flood,
    refuse_waiting,
    session_lane,
)
from app.identity.queries.profile import Profile, own_profile, profile
from app.identity.queries.sessions import (
    check_access_token,
    get_visible_session,
    page_of_sessions,
)
from app.identity.queries.wechat_accounts import (
    is_stranger,
    openid_context,
    openid_index,
    openid_of,
    strangers,
)

__all__ = [
    "AccountView",
    "Lane",
    "Profile",
    "account_key",
    "address_index",
    "administers_without_code",
    "check_access_token",
    "check_editor",
    "check_stand_in",
    "export_of",
    "find_account",
    "get_visible_account",
    "get_visible_session",
    "has_account",
    "log_in_lane",
    "manageable_people",
    "openid_context",
    "openid_index",
    "openid_of",
    "own_profile",
    "page_of_sessions",
    "profile",
    "refuse_flood",
    "refuse_waiting",
    "session_lane",
    "is_stranger",
    "strangers",
    "totp_of",
]
