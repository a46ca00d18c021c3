"""Events: a lower room announces what has happened, and rooms above it react in the same transaction."""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app

Listener = Callable[[Any], None]


def listen(app: Flask, event_type: type, listener: Listener) -> None:
    """Lets `listener(event)` be called for each announced event of that type; create_app calls this.

    The listeners of one type are called in the order in which they were registered.
    """
    app.extensions.setdefault("listeners", {}).setdefault(event_type, []).append(listener)


def announce(event: object) -> None:
    """Calls every listener of the event's type, in the caller's transaction.

    An error that a listener raises goes to the caller, so it refuses the whole request.
    """
    registered: dict[type, list[Listener]] = current_app.extensions.get("listeners", {})
    for listener in registered.get(type(event), ()):
        listener(event)
