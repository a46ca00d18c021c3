"""What people are told: each room declares its message templates by moment."""

from dataclasses import dataclass

from flask import current_app


@dataclass(frozen=True, slots=True)
class Template:
    """A title and a text for `str.format`; its params hold nothing personal in clear."""

    title: str
    text: str


def templates() -> dict[str, Template]:
    """All templates by moment ("order.claimed"), as create_app has collected them."""
    found: dict[str, Template] = current_app.extensions["messages"]
    return found
