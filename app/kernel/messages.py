"""The templates of the messages to people; each room declares its own, by the moment of the message."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import current_app

# A mention stands between two characters for private use, which no text of a person keeps.
_OPENS, _CLOSES = "\ue000", "\ue001"
_MENTION = re.compile(f"{_OPENS}(\\d+){_CLOSES}")
_SIGNS = str.maketrans("", "", _OPENS + _CLOSES)


def mention(person_ids: Iterable[int]) -> str:
    """The people, one after another, as a value for a template: their ids.

    Their names are filled in for a reader, by `named`.
    """
    return "、".join(f"{_OPENS}{person_id}{_CLOSES}" for person_id in person_ids)


def without_mentions(words: str) -> str:
    """What a person has written, as a value for a template: in it nobody is mentioned."""
    return words.translate(_SIGNS)


def mentioned_in(text: str) -> set[int]:
    """The ids of the people whom a text mentions."""
    return {int(found) for found in _MENTION.findall(text)}


def named(text: str, names: Mapping[int, str]) -> str:
    """The text with the names of the people whom it mentions."""
    return _MENTION.sub(lambda found: names[int(found[1])], text)


@dataclass(frozen=True, slots=True)
class Template:
    """A title and a text for `str.format`; the values that it is given hold no personal data in clear."""

    title: str
    text: str


def templates() -> dict[str, Template]:
    """The templates of all rooms by moment ("order.claimed"), as create_app has collected them."""
    found: dict[str, Template] = current_app.extensions["messages"]
    return found
