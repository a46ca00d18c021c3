"""A coarse limit on all requests of a caller; finer limits are in kernel/limits.py."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from app.kernel.actor import Actor
from app.kernel.crypto import hash_token
from app.kernel.networks import network_of

View = TypeVar("View", bound=Callable[..., Any])

# By the second too, because a burst of a minute's requests would keep all threads busy for seconds. A
# page may ask for a dozen things at once.
BY_PERSON = "600 per minute;20 per second"
# A whole estate may share one address, so this limit is high. It counts requests that nobody is logged
# in for: made-up tokens, log-ins, public endpoints, and addresses of content that are not genuine.
BY_ADDRESS = "3000 per minute;50 per second"
# Pictures are asked for without a token, dozens for one list, so they do not count with the log-ins.
CONTENT_BY_ADDRESS = "6000 per minute;300 per second"
# About 10 MB. When the process knows more tokens, it forgets all and learns them again.
_MOST_TOKENS = 100_000


def remember(token: str, actor: Actor) -> None:
    """Notes the person of a valid access token, so that later requests count for the person."""
    persons: dict[str, int] = current_app.extensions["callers"]
    if len(persons) >= _MOST_TOKENS:
        persons.clear()
    persons[hash_token(token)] = actor.own_id


def forget(token: str) -> None:
    """Notes that an access token is not valid, so that later requests with it count for the address.

    Otherwise a thief with a token that was ended could use up the limit of its person.
    """
    persons: dict[str, int] = current_app.extensions["callers"]
    persons.pop(hash_token(token), None)


def signed_content(is_genuine: Callable[..., bool]) -> Callable[[View], View]:
    """Decorates a public view of content that has a signed address.

    Its requests have a limit of their own where `is_genuine`, called with the arguments of the view,
    says that the program has signed the address. It must not ask the database.
    """

    def mark(view: View) -> View:
        view.is_genuine = is_genuine  # type: ignore[attr-defined]  # read by `_is_content`
        return view

    return mark


def _is_content() -> bool:
    """Whether the request is for content at an address that the program has signed."""
    if "is_content" not in g:
        view = current_app.view_functions.get(request.endpoint or "")
        is_genuine = getattr(view, "is_genuine", None)
        g.is_content = is_genuine is not None and is_genuine(**(request.view_args or {}))
    found: bool = g.is_content
    return found


def _person() -> int | None:
    """The person of the request's token, if this process has seen the token before.

    Nobody at a public endpoint: the token is not checked there, and may have ended.
    """
    if "caller" not in g:
        known: dict[str, int] = current_app.extensions["callers"]
        is_public = request.endpoint in current_app.extensions["public_endpoints"]
        given = None if is_public else request.authorization
        g.caller = known.get(hash_token(given.token)) if given and given.token else None
    found: int | None = g.caller
    return found


def _caller() -> str:
    if _is_content():
        return f"content:{_network()}"
    person_id = _person()
    return f"address:{_network()}" if person_id is None else f"person:{person_id}"


def _network() -> str:
    """The address that the request counts for; of an address in IPv6 its network."""
    return network_of(request.remote_addr or "127.0.0.1")


def _a_minute() -> str:
    if _is_content():
        return CONTENT_BY_ADDRESS
    return BY_ADDRESS if _person() is None else BY_PERSON


def _counts(_: Response) -> bool:
    """Whether the request counts: the first one with a valid token does not count for its address."""
    return _is_content() or _person() is not None or "actor" not in g


def set_up(app: Flask, public_endpoints: Collection[str]) -> None:
    """Believes the headers of TRUSTED_PROXIES many proxies, and in production limits each caller.

    Requests to the public endpoints count for the address, whatever token they carry.
    A request is refused before the database is asked. The requests are counted in each process, or in
    Redis for all processes when REDIS_URL is set.
    """
    app.extensions["callers"] = {}
    app.extensions["public_endpoints"] = public_endpoints
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
