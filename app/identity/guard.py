"""The guard of every endpoint: without a valid access token only public endpoints are reached."""

from flask import Flask, g, request

from app.identity import queries
from app.kernel.actor import set_actor
from app.kernel.clock import now
from app.kernel.errors import Forbidden, Unauthenticated
from app.kernel.http import register_guard

# The list stands a second time in tests/identity/test_guard.py, so that an endpoint is not made
# public by mistake.
PUBLIC_ENDPOINTS = frozenset(
    {
        "sessions.log_in_wechat",
        "sessions.log_in_password",
        "sessions.refresh",
        "files.show_file",
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


def guard(app: Flask) -> None:
    """Puts the guard in front of all views of the app."""
    register_guard(app, _admit_request)


def admit(token: str) -> None:
    """Sets the actor of this request by an access token; the caller has read the token.

    Raises Unauthenticated `session.required` (unknown token) or `session.expired` (expired,
    revoked, or the person is inactive), Forbidden `session.password_change_required`.
    """
    checked = queries.check_access_token(token, now())
    if checked is None:
        raise _required()
    if not checked.is_live:
        raise Unauthenticated("session.expired", "登录已过期，请重新登录。")
    if checked.must_change_password and request.endpoint not in _PASSWORD_CHANGE_ENDPOINTS:
        raise Forbidden(
            "session.password_change_required", "您用的是临时密码，请先设置自己的新密码。"
        )
    g.login_session_id = checked.session_id
    set_actor(checked.actor)


def current_session_id() -> int:
    """Returns the id of this request's log-in session; raises Unauthenticated `session.required`."""
    session_id: int | None = g.get("login_session_id")
    if session_id is None:
        raise _required()
    return session_id


def _admit_request() -> None:
    if request.endpoint in PUBLIC_ENDPOINTS:
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise _required()
    admit(token.strip())


def _required() -> Unauthenticated:
    return Unauthenticated("session.required", "请先登录。")
