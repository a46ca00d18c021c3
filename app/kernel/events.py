"""Announcing upward: typed events, handled in the same transaction by listeners that create_app names."""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app

Listener = Callable[[Any], None]


def listen(app: Flask, event_type: type, listener: Listener) -> None:
    """Registers `listener(event)`; listeners of a type run in the order of registration."""
    app.extensions.setdefault("listeners", {}).setdefault(event_type, []).append(listener)


def announce(event: object) -> None:
    """Calls every listener of the event's type; a listener that raises refuses the whole request."""
    registered: dict[type, list[Listener]] = current_app.extensions.get("listeners", {})
    for listener in registered.get(type(event), ()):
        listener(event)
