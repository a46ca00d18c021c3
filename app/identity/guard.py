"""The guard of every endpoint: without a valid access token only public endpoints are reached."""

from flask import Flask, g, request

from app.identity import queries
from app.identity.states import ACCOUNT_FIRST
from app.kernel import throttle
from app.kernel.actor import set_actor
from app.kernel.clock import now
from app.kernel.errors import Forbidden, Unauthenticated
from app.kernel.http import SAFE_METHODS, register_guard
from app.kernel.permissions import needs_second_factor

# The list stands a second time in tests/architecture/test_doors.py, so that an endpoint is not made
# public by mistake.
PUBLIC_ENDPOINTS = frozenset(
    {
        "sessions.log_in_wechat",
        "sessions.log_in_password",
        "sessions.refresh",
        "files.show_file",
        "consents.get_document",
        "openapi",
        "docs",
        "healthz",
        "readyz",
        "metrics",
        "static",
    }
)
# The endpoints for a person who must first replace a one-time password.
_PASSWORD_CHANGE_ENDPOINTS = frozenset(
    {"me.get_me", "me.change_password", "sessions.close_current_session"}
)
# These verbs hold the people themselves, the actor among them, all at once and to erase one of them.
_ERASING_ENDPOINTS = frozenset({"me.delete_me", "people.erase_person", "consents.record_consent"})
# The endpoints for a person who administers and must first set up a code generator.
_ENROLMENT_ENDPOINTS = _PASSWORD_CHANGE_ENDPOINTS | {
    "me.prove",
    "me.enrol_totp",
    "me.confirm_totp",
    # Everybody has these rights over the own data, whatever the post asks for.
    "me.delete_me",
    "me.export_me",
    "consents.record_consent",
}
_CODE_FIRST = "您的岗位要管理系统，请先开通动态码，再办其他事。"


def guard(app: Flask) -> None:
    """Puts the guard in front of all views of the app."""
    register_guard(app, _admit_request)


def admit(token: str) -> None:
    """Sets the actor of this request by an access token; the caller has read the token.

    When the request may write, the actor cannot be erased before it ends.

    Raises Unauthenticated `session.required` (unknown token) or `session.expired` (expired,
    revoked, or the person is inactive), Forbidden `session.password_change_required`,
    `totp.required`.
    """
    writes = request.method not in SAFE_METHODS and request.endpoint not in _ERASING_ENDPOINTS
    checked = queries.check_access_token(token, now(), writes=writes)
    if checked is None:
        throttle.forget(token)
        raise _required()
    if not checked.is_live:
        throttle.forget(token)
        raise Unauthenticated("session.expired", "登录已过期，请重新登录。")
    g.login_session_id = checked.session_id
    set_actor(checked.actor)
    # Before the refusals: whoever gets them counts as a person too.
    throttle.remember(token, checked.actor)
    if checked.must_change_password and request.endpoint not in _PASSWORD_CHANGE_ENDPOINTS:
        raise Forbidden(
            "session.password_change_required", "您用的是临时密码，请先设置自己的新密码。"
        )
    may_wait = request.endpoint in _ENROLMENT_ENDPOINTS or not needs_second_factor()
    if not may_wait and queries.administers_without_code(checked.actor):
        has_account = queries.has_account(checked.actor.own_id)
        raise Forbidden("totp.required", _CODE_FIRST if has_account else ACCOUNT_FIRST)


def current_session_id() -> int:
    """Returns the id of this request's log-in session; raises Unauthenticated `session.required`."""
    session_id: int | None = g.get("login_session_id")
    if session_id is None:
        raise _required()
    return session_id


def _admit_request() -> None:
    if request.endpoint in PUBLIC_ENDPOINTS:
        return
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise _required()
    admit(given.token)


def _required() -> Unauthenticated:
    return Unauthenticated("session.required", "请先登录。")
