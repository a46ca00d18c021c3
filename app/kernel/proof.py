"""A fresh proof of identity, which some endpoints ask for before a step that cannot be taken back."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from app.kernel.actor import Actor, current_actor
from app.kernel.clock import now
from app.kernel.errors import Forbidden

PROOF_LIFE = timedelta(minutes=10)
View = Callable[..., Any]


def needs_proof(when: Callable[..., bool] = lambda *_, **__: True) -> Callable[[View], View]:
    """Decorates a view that only somebody may call who has proved within 10 minutes who he or she is.

    `when` is called with the arguments of the view and tells whether this request needs the proof.
    The view raises what `require_proof` raises.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if when(*args, **kwargs):
                require_proof(current_actor())
            return view(*args, **kwargs)

        wrapped.needs_proof = True  # type: ignore[attr-defined]  # read by the documentation
        return wrapped

    return decorate


def require_proof(actor: Actor) -> None:
    """Raises Forbidden `proof.needed` unless the actor's proof of identity is at most 10 minutes old."""
    proved = actor.confirmed_at is not None and now() - actor.confirmed_at <= PROOF_LIFE
    if not actor.is_system and not proved:
        raise Forbidden(
            "proof.needed",
            "为了您的安全，办这件事之前请再确认一次身份：输入登录密码（和动态码），"
            "用微信登录的请在小程序里重新确认。",
        )
