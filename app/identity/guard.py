"""The guard of every endpoint: nobody passes without a live token unless the endpoint is public."""

from flask import Flask, g, request

from app.identity import queries
from app.kernel.actor import set_actor
from app.kernel.clock import now
from app.kernel.errors import Forbidden, Unauthenticated
from app.kernel.http import register_guard

# Repeated by hand in tests/identity/test_guard.py: to open a door takes two changes.
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
# What someone can do who must first replace a password that another has seen.
_PASSWORD_CHANGE_ENDPOINTS = frozenset(
    {"me.get_me", "me.change_password", "sessions.close_current_session"}
)


def guard(app: Flask) -> None:
    """Puts the guard in front of every view."""
    register_guard(app, _admit_request)


def admit(token: str) -> None:
    """Names the actor of this request by an access token, whichever door has read it.

    Raises Unauthenticated `session.required` (no such token) or `session.expired` (past its end,
    revoked, person inactive), Forbidden `session.password_change_required`.
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
    """The log-in session of this request."""
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
