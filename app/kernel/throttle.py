"""A coarse limit of 600 requests a minute for each caller; finer limits are in kernel/limits.py."""

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.middleware.proxy_fix import ProxyFix

from app.kernel.crypto import hash_token

A_MINUTE = "600 per minute"


def _caller() -> str:
    """A hash of the log-in token, or the address of a request without one.

    By the token, people behind one address do not share a limit.
    """
    token = request.headers.get("Authorization", "")
    return hash_token(token) if token else str(get_remote_address())


def set_up(app: Flask) -> None:
    """Believes the headers of TRUSTED_PROXIES many proxies, and in production limits each caller.

    The requests are counted in each process, or in Redis for all processes when REDIS_URL is set.
    """
    proxies = int(app.config["TRUSTED_PROXIES"])
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # as Flask's documentation does
    if app.config["APP_ENV"] == "production":
        storage = str(app.config["REDIS_URL"] or "memory://")
        Limiter(_caller, app=app, default_limits=[A_MINUTE], storage_uri=storage)
