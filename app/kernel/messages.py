"""The templates of the messages to people; each room declares its own, by the moment of the message."""

from dataclasses import dataclass

from flask import current_app


@dataclass(frozen=True, slots=True)
class Template:
    """A title and a text for `str.format`; the values that it is given hold no personal data in clear."""

    title: str
    text: str


def templates() -> dict[str, Template]:
    """The templates of all rooms by moment ("order.claimed"), as create_app has collected them."""
    found: dict[str, Template] = current_app.extensions["messages"]
    return found
