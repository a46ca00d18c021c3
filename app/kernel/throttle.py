"""A coarse limit on all requests of a caller; finer limits are in kernel/limits.py."""

from ipaddress import ip_address, ip_network

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from app.kernel.actor import Actor
from app.kernel.crypto import hash_token

# By the second too, because a burst of a minute's requests would keep all threads busy for seconds.
BY_PERSON = "600 per minute;10 per second"
# A whole estate may share one address, so this limit is high. It counts only requests that nobody is
# logged in for: each of them costs one look-up of a token at most.
BY_ADDRESS = "3000 per minute;50 per second"
# About 10 MB. When the process knows more tokens, it forgets all and learns them again.
_MOST_TOKENS = 100_000
# Whoever has an IPv6 address has the whole network of this length.
_NETWORK_BITS = 64


def remember(token: str, actor: Actor) -> None:
    """Notes the person of a valid access token, so that later requests count for the person."""
    persons: dict[str, int] = current_app.extensions["callers"]
    if len(persons) >= _MOST_TOKENS:
        persons.clear()
    persons[hash_token(token)] = actor.own_id


def _person() -> int | None:
    """The person of the request's token, if this process has seen the token before."""
    if "caller" not in g:
        known: dict[str, int] = current_app.extensions["callers"]
        given = request.authorization
        g.caller = known.get(hash_token(given.token)) if given and given.token else None
    found: int | None = g.caller
    return found


def _caller() -> str:
    person_id = _person()
    return f"address:{_network()}" if person_id is None else f"person:{person_id}"


def _network() -> str:
    address = request.remote_addr or "127.0.0.1"
    if ip_address(address).version == 4:
        return address
    return str(ip_network((address, _NETWORK_BITS), strict=False))


def _a_minute() -> str:
    return BY_ADDRESS if _person() is None else BY_PERSON


def _counts(_: Response) -> bool:
    """Whether the request counts: the first one with a valid token does not count for its address."""
    return _person() is not None or "actor" not in g


def set_up(app: Flask) -> None:
    """Believes the headers of TRUSTED_PROXIES many proxies, and in production limits each caller.

    A request is refused before the database is asked. The requests are counted in each process, or in
    Redis for all processes when REDIS_URL is set.
    """
    app.extensions["callers"] = {}
    proxies = int(app.config["TRUSTED_PROXIES"])
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # as Flask's documentation does
    if app.config["APP_ENV"] == "production":
        storage = str(app.config["REDIS_URL"] or "memory://")
        Limiter(
            _caller,
            app=app,
            application_limits=[_a_minute],
            application_limits_deduct_when=_counts,
            storage_uri=storage,
        )
